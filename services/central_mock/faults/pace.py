"""Bytes held back to a rate, in real time: timers of the loop, no busy loops, and nothing lost when the rule ends."""

import asyncio
from collections.abc import Callable

TICK = 0.02
"""Real seconds between two portions, unless the rate is less than one byte in that time."""
FULL = 64 * 1024


class Bucket:
    """How many bytes a rate allows by now."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._marked = now
        self._allowed = 0.0

    def take(self, now: float, wanted: int) -> int:
        """So many whole bytes of those wanted may go now. What is not wanted now is not saved up for long."""
        self._allowed += (now - self._marked) * self._rate
        self._marked = now
        portion = min(int(self._allowed), wanted)
        self._allowed = min(self._allowed - portion, max(self._rate * TICK, 1.0))
        return portion

    def wait(self) -> float:
        """Seconds until there is something to send: a tick, or a byte's time where that is longer."""
        return max(TICK, (1.0 - self._allowed) / self._rate)


class Pacer:
    """Passes bytes on at a rate; `put` adds, `release` lets all the rest go at once."""

    def __init__(self, rate: float, rule: int, pass_on: Callable[[bytes], None]) -> None:
        self.rule = rule
        self._loop = asyncio.get_running_loop()
        self._bucket = Bucket(rate, self._loop.time())
        self._pass_on = pass_on
        self._waiting = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self._empty.set()
        self._then: list[Callable[[], None]] = []
        self._on_full: Callable[[bool], None] | None = None
        self._is_full = False

    def put(self, data: bytes) -> None:
        """Add what waits its turn."""
        self._waiting += data
        self._empty.clear()
        self._say_full()
        if self._timer is None:
            self._timer = self._loop.call_later(self._bucket.wait(), self._pass)

    def on_full(self, callback: Callable[[bool], None]) -> None:
        """Say whether so much waits that the source should pause."""
        self._on_full = callback

    def when_empty(self, callback: Callable[[], None]) -> None:
        """Call this when nothing waits any more; at once when nothing does."""
        if self._waiting:
            self._then.append(callback)
        else:
            callback()

    def release(self) -> None:
        """The rule has ended: all goes now."""
        self._stop()
        if self._waiting:
            self._pass_on(self._take(len(self._waiting)))
        self._finished()

    def drop(self) -> None:
        """The connection has ended: nothing goes any more."""
        self._stop()
        self._waiting.clear()
        self._then.clear()
        self._empty.set()

    async def drained(self) -> None:
        """Wait until nothing waits any more."""
        await self._empty.wait()

    def _pass(self) -> None:
        self._timer = None
        portion = self._bucket.take(self._loop.time(), len(self._waiting))
        if portion:
            self._pass_on(self._take(portion))
        if self._waiting:
            self._timer = self._loop.call_later(self._bucket.wait(), self._pass)
        else:
            self._finished()

    def _take(self, portion: int) -> bytes:
        data = bytes(self._waiting[:portion])
        del self._waiting[:portion]
        self._say_full()
        return data

    def _finished(self) -> None:
        self._empty.set()
        then, self._then = self._then, []
        for each in then:
            each()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _say_full(self) -> None:
        full = len(self._waiting) > FULL
        if full != self._is_full:
            self._is_full = full
            if self._on_full is not None:
                self._on_full(full)
