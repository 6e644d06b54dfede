"""A port that takes no connection and refuses none: the kernel drops what knocks, as a dead machine's network does.

Linux does so while a listening socket's queue of connections that nobody accepts is full. So the queue is made as
short as it can be, and filled with connections of our own.
"""

import asyncio
import contextlib
import select
import socket
from collections.abc import Callable
from pathlib import Path

BACKLOG = 1024
FILL_WITHIN = 0.05
MOST_FILLERS = 16
LOOK_EVERY = 0.02
SYN_SENT = "02"
TABLE = Path("/proc/net/tcp")


class FullQueue:
    """A listening socket whose queue is kept full until `end`; `knocks` hears how many more wait for an answer."""

    def __init__(self, listening: socket.socket, knocks: Callable[[int], None]) -> None:
        self._listening = listening
        self._port: int = listening.getsockname()[1]
        self._fillers: list[socket.socket] = []
        self._knocks = knocks
        self._knocked: set[str] = set()
        listening.listen(0)
        while self._one_more_fits() and len(self._fillers) < MOST_FILLERS:
            pass
        self._watching = asyncio.create_task(self._watch(), name="unanswered")

    def _one_more_fits(self) -> bool:
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", self._port))
        if select.select([], [filler], [], FILL_WITHIN)[1]:
            self._fillers.append(filler)
            return True
        filler.close()  # it is full: this one knocks in vain as well
        return False

    async def _watch(self) -> None:
        """The kernel drops without telling us; whoever waits stands in its table, for a second at least."""
        while True:
            self._look()
            await asyncio.sleep(LOOK_EVERY)

    def _look(self) -> None:
        """Tell how many wait that were not seen before, by address."""
        here = f"0100007F:{self._port:04X}"
        lines = (line.split() for line in TABLE.read_text().splitlines()[1:])
        waiting = {local for _, local, remote, state, *_ in lines if (remote, state) == (here, SYN_SENT)}
        self._knocks(len(waiting - self._knocked))
        self._knocked |= waiting

    async def end(self) -> None:
        """Take what knocks again; whoever still does comes in with its next try."""
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        for filler in self._fillers:  # they came first, so they are first in the queue
            with contextlib.suppress(BlockingIOError):
                self._listening.accept()[0].close()
            filler.close()
        self._listening.listen(BACKLOG)
