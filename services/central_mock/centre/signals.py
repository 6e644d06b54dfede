"""Waking whoever waits in this process for rows to appear; what the rows are is read from the database."""

import asyncio


class Signal:
    """Take `next` before reading, so that what is written between the read and the wait is not missed."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.closed = False

    def next(self) -> asyncio.Event:
        """Set at the next ring; set already when the service stops."""
        return self._event

    def ring(self) -> None:
        """Wake all who wait."""
        self._event.set()
        if not self.closed:
            self._event = asyncio.Event()

    def close(self) -> None:
        """Wake all, now and from now on: the service stops."""
        self.closed = True
        self.ring()
