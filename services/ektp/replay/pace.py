"""The one clock of a replayed day: set in all three services and here, slow where a minute decides.

At full speed a minute lasts a sixth of a second. Whether 44 or 45 had been served when the centre went is then a
matter of a few milliseconds of a busy machine, so the clock runs slower while the outage begins and ends. It also
runs slower, down to an eighth, while the people of the day come late to what they planned: then the machine is the
bottleneck and not the office. That this hides no service that really waits is the checker's business, which
compares real seconds too.
"""

import asyncio
from datetime import datetime, timedelta

import httpx

from services.ektp.replay.client import Call, Caller, ReplayError, Service, TrioClient, Unreachable
from shared.clock import SystemClock

# Nobody sleeps longer at a stretch (real seconds), so that a change of speed is noticed.
STRETCH = 0.25
AWAY = (httpx.TransportError, TimeoutError)


class DayClock:
    """The time of the day that is played; what it shows is what the three services show."""

    def __init__(self, client: TrioClient, ops: Caller) -> None:
        self._client = client
        self._ops = ops
        self._clock = SystemClock()
        self._set = False
        self._latest = 0.0

    def now(self) -> datetime:
        """The time of the day that is played, in UTC."""
        return self._clock.now()

    @property
    def speed(self) -> float:
        """How many of its seconds pass in a real one."""
        return self._clock.speed

    async def until(self, moment: datetime) -> None:
        """Wait until the day's clock shows `moment`."""
        while (left := (moment - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(left, STRETCH * self._clock.speed))

    async def on_time(self, moment: datetime) -> None:
        """Wait for a planned step; coming late to it is noted."""
        self._latest = max(self._latest, (self._clock.now() - moment).total_seconds())
        await self.until(moment)

    def take_lateness(self) -> float:
        """By how many seconds of the day the latest step was late since this was asked."""
        latest, self._latest = self._latest, 0.0
        return latest

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of the day."""
        await self.until(self._clock.now() + timedelta(seconds=seconds))

    async def begin(self, start: datetime, speed: float) -> None:
        """Set every clock to `start`. Raises ReplayError if a service will not have its clock set."""
        self._set = True
        self._clock.set(start, speed)
        try:
            await asyncio.gather(*(self.correct(service) for service in Service))
        except AWAY as error:
            raise Unreachable(
                f"A service does not answer ({error}); does the trio run? (`make run`)"
            ) from error

    async def run_at(self, speed: float) -> None:
        """Go on from now at another speed, everywhere. A service that is away just now is corrected later.

        This clock goes on without a jump; a service is set back or forth by what passed while it was told.
        """
        start = self._clock.now()
        self._clock.set(start, speed)
        answers = await asyncio.gather(
            *(self._put(service, start, speed) for service in Service), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, AWAY):
                raise answer

    async def correct(self, service: Service) -> None:
        """Give one service the day's time, after it was started again with its own."""
        if self._set:
            await self._put(service, self._clock.now(), self._clock.speed)

    async def reset(self) -> None:
        """Back to real time, everywhere."""
        self._set = False
        await asyncio.gather(*(self._put(service, None, 1.0) for service in Service), return_exceptions=True)
        self._clock.set(None)

    async def _put(self, service: Service, start: datetime | None, speed: float) -> None:
        setting = {"start": start and start.isoformat(), "speed": speed}
        # past the gate: this is what opens it
        answer = await self._client.once(
            Call(service, "PUT", "/control/v1/clock", self._ops, {"json": setting}, {})
        )
        if answer.is_error:
            raise ReplayError(
                f"{service} does not let its clock be set ({answer.status_code}); is it a demo trio?"
            )
