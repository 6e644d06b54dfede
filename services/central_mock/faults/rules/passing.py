"""How much time of the clock has passed: moving the clock neither ends nor prolongs what is counted in it."""

import asyncio
import contextlib
from collections.abc import Callable

from shared.clock import Clock


class PassedTime:
    """Seconds of the clock since the start, counted at the speed that held while they passed."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._passed = 0.0
        self._marked: float | None = None

    def total(self, speed: float) -> float:
        """Seconds until now, if the clock has had this speed since the last mark."""
        return self._total(self._now(), speed)

    def mark(self, speed: float) -> None:
        """Settle what has passed since the last mark at this speed; another may hold from now on."""
        now = self._now()
        self._passed, self._marked = self._total(now, speed), now

    def _total(self, now: float, speed: float) -> float:
        return self._passed if self._marked is None else self._passed + (now - self._marked) * speed


async def sleep_or(clock: Clock, seconds: float, happened: asyncio.Event) -> None:
    """Until so many seconds of the clock have passed, the clock was changed, or it happened."""
    waits = [asyncio.create_task(clock.sleep(seconds)), asyncio.create_task(happened.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await each
