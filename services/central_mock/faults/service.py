"""Taking the centre offline and back: for a time, by whom, and remembered over a restart."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.central_mock.faults.domain import Fault, Mode, life_left
from services.central_mock.faults.front import Front
from services.central_mock.orders import find_order, give_order, withdraw_order
from shared.clock import SystemClock
from shared.database import Database, DatabaseUnavailable

log = structlog.get_logger()

ORDER = "fault"
REOPEN_AFTER = 1.0


@dataclass
class Countdown:
    """What is left of a fault. Counted in passed time, so that moving the clock neither ends nor prolongs it."""

    left: float
    marked: float
    """The event loop's time at which `left` was true."""

    def now(self, at: float, speed: float) -> float:
        """Seconds of the clock that are left at the loop's time `at`."""
        return max(self.left - (at - self.marked) * speed, 0.0)


class FaultSwitch:
    """The one place that sets and lifts faults."""

    def __init__(self, front: Front, clock: SystemClock, database: Database) -> None:
        self.front = front
        self._clock = clock
        self._database = database
        self._countdown: Countdown | None = None
        self._changed = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self.restored: str | None = None
        """What the last start found: told to whoever asks for the state."""

    async def offline(self, fault: Fault) -> None:
        """Put `fault` in force; the one before is over."""
        async with self._one_at_a_time:
            await self._database.write(
                lambda session: give_order(
                    session, name=ORDER, value=_stored(fault), at=fault.since, by=fault.set_by
                )
            )
            await self._start(fault, fault.seconds)
        log.warning("fault.set", mode=fault.mode, seconds=fault.seconds, by=fault.set_by, reason=fault.reason)

    async def online(self, *, why: str) -> None:
        """End the fault, if there is one. Raises OSError when the port can't be taken back."""
        async with self._one_at_a_time:
            ended = self.front.fault
            self._countdown = None
            self._changed.set()
            await self.front.lift()
            try:
                await self._database.write(lambda session: withdraw_order(session, name=ORDER))
            except (
                DatabaseUnavailable
            ) as error:  # the centre is back all the same; a restart finds the life over
                log.error("fault.not_forgotten", reason=str(error))
        if ended is not None:
            log.warning("fault.ended", mode=ended.mode, why=why)

    async def _start(self, fault: Fault, left: float) -> None:
        self._countdown = Countdown(left, asyncio.get_running_loop().time())
        await self.front.apply(fault)
        self._changed.set()

    def left(self) -> float:
        """Seconds of the clock until the fault ends; 0 without one."""
        if self._countdown is None:
            return 0.0
        return self._countdown.now(asyncio.get_running_loop().time(), self._clock.speed)

    @property
    def ends_at(self) -> datetime | None:
        """When the fault ends by itself, as the clock runs now."""
        return self._clock.now() + timedelta(seconds=self.left()) if self.front.fault else None

    async def restore(self) -> None:
        """Put a fault back in force that was on when the process died and still has life."""
        order = await self._database.read(lambda session: find_order(session, ORDER))
        if order is None:
            self.restored = "no fault was on"
            return
        fault = _loaded(order.value)
        left = life_left(fault, self._clock.now())
        if left > 0:
            await self._start(fault, left)
            self.restored = f"{fault.mode} for another {left:.0f} s"
        else:
            await self._database.write(lambda session: withdraw_order(session, name=ORDER))
            self.restored = f"{fault.mode} was over"
        log.warning("fault.restored", what=self.restored)

    async def run(self) -> None:
        """End each fault when its life is over."""
        while True:
            self._changed.clear()
            if self._countdown is None:
                await self._changed.wait()
                continue
            speed = self._clock.speed
            await self._sleep(self._countdown.left)
            if self._changed.is_set():  # another fault, or none
                continue
            countdown = self._countdown
            passed = asyncio.get_running_loop().time()
            countdown.left, countdown.marked = countdown.now(passed, speed), passed
            if countdown.left <= 0.0:
                await self._expire()

    async def _expire(self) -> None:
        try:
            await self.online(why="its time was over")
        except OSError as error:
            log.error("listener.not_reopened", reason=str(error))
            await self._clock.sleep(REOPEN_AFTER * self._clock.speed)
            self._countdown = Countdown(0.0, asyncio.get_running_loop().time())

    async def _sleep(self, seconds: float) -> None:
        """Until the time has passed, the clock was changed, or another fault was set."""
        waits = [
            asyncio.create_task(self._clock.sleep(seconds)),
            asyncio.create_task(self._changed.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await each


def _stored(fault: Fault) -> dict[str, Any]:
    return {
        "mode": fault.mode.value,
        "since": fault.since.isoformat(),
        "seconds": fault.seconds,
        "set_by": fault.set_by,
        "reason": fault.reason,
        "retry_after": fault.retry_after,
    }


def _loaded(value: dict[str, Any]) -> Fault:
    return Fault(
        mode=Mode(value["mode"]),
        since=datetime.fromisoformat(value["since"]),
        seconds=value["seconds"],
        set_by=value["set_by"],
        reason=value["reason"],
        retry_after=value["retry_after"],
    )
