"""The one clock: real, scaled or fixed, so that an office's whole day can run in a minute.

Everything that reads the time or waits does it here; security (a token's expiry) alone uses the real time.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

# A deadline on real I/O follows the scaled clock down to this many real seconds: 5 s at speed 240 would be
# 21 ms, which a busy machine misses.
DEADLINE_FLOOR = 1.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(at: datetime) -> int:
    """Since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def time_of(us: int) -> datetime:
    """The time those microseconds mean."""
    return EPOCH + timedelta(microseconds=us)


class Clock(Protocol):
    """What the services need of time."""

    def now(self) -> datetime:
        """The time as an aware UTC datetime."""

    async def sleep(self, seconds: float) -> None:
        """Wait that many of the clock's seconds."""

    def deadline(self, seconds: float) -> asyncio.Timeout:
        """A real-time limit for real I/O, `seconds` of the clock long but never under the floor."""


class SystemClock:
    """Real time, or simulated time running at `speed` from a start; can be set while the process runs."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._start: datetime | None = None
        self._anchor = 0.0
        self.speed = 1.0
        self._changed = asyncio.Event()

    @property
    def start(self) -> datetime | None:
        """Where the simulated time began; None while the clock shows real time."""
        return self._start

    def set(self, start: datetime | None, speed: float = 1.0) -> None:
        """Show `start` now and run at `speed` from there; None goes back to real time. Wakes all sleepers."""
        self._start = start.astimezone(UTC) if start else None
        self.speed = speed if start else 1.0
        self._anchor = self._monotonic()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def now(self) -> datetime:
        """The time as an aware UTC datetime."""
        if self._start is None:
            return datetime.now(UTC)
        return self._start + timedelta(seconds=(self._monotonic() - self._anchor) * self.speed)

    def microseconds(self) -> int:
        """The time as microseconds since 1970, for who asks at every request."""
        return time.time_ns() // 1000 if self._start is None else microseconds(self.now())

    async def sleep(self, seconds: float) -> None:
        """Wait that many of the clock's seconds; a change of the clock ends the wait early."""
        changed = self._changed
        try:
            async with asyncio.timeout(max(seconds, 0.0) / self.speed):
                await changed.wait()
        except TimeoutError:
            return

    def deadline(self, seconds: float) -> asyncio.Timeout:
        """A real-time limit for real I/O, `seconds` of the clock long but never under the floor."""
        return asyncio.timeout(max(seconds / self.speed, min(seconds, DEADLINE_FLOOR)))


class FixedClock:
    """A clock that stands still until a test moves it; sleeping moves it, so that no test waits."""

    speed = 1.0

    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The time it was set to."""
        return self.at

    def advance(self, **delta: float) -> None:
        """Move by the keywords of timedelta."""
        self.at += timedelta(**delta)

    async def sleep(self, seconds: float) -> None:
        """Move by `seconds` and let others run."""
        self.at += timedelta(seconds=max(seconds, 0.0))
        await asyncio.sleep(0)

    def deadline(self, seconds: float) -> asyncio.Timeout:
        """Real I/O still has a real limit."""
        return asyncio.timeout(max(seconds, DEADLINE_FLOOR))
