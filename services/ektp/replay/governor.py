"""Decides how fast the day runs from moment to moment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.ektp.replay.pace import DayClock
from shared.clock import SystemClock

# Real seconds between two decisions, and how many of them without lateness it takes to go faster again: twice as
# many after each time that going faster was too fast, because every change of the clock disturbs the services.
DECIDES_EVERY = 0.25
CALM, LONGEST_CALM = 12, 48
# Seconds of the day.
TOO_LATE = 45.0
# Around the outage's beginning and end a sixth; for a machine that does not keep up a half, a quarter, an eighth.
DECISIVE = 6.0
SLOWER_BY = (1.0, 2.0, 4.0, 8.0)


@dataclass(slots=True)
class Governor:
    """One day's speed: full, less where minutes decide, less while the people come late."""

    clock: DayClock
    full: float
    begins: datetime
    ends: datetime
    away: Callable[[], bool]
    _gear: int = 0
    _calm: int = 0
    _calm_needed: int = CALM // 2

    async def run(self) -> None:
        """Keep the speed right until cancelled."""
        real = SystemClock()
        while True:
            await real.sleep(DECIDES_EVERY)
            lateness, away = self.clock.take_lateness(), self.away()
            if not away:
                self.shift(lateness)
            # a process starts in real seconds, which are not scaled: the day waits for it rather than losing an hour
            wanted = max(self.full / SLOWER_BY[-1], 1.0) if away else self.speed(self.clock.now())
            if wanted != self.clock.speed:
                await self.clock.run_at(wanted)

    def shift(self, lateness: float) -> None:
        """Into a lower gear at once, into a higher one after some calm."""
        if lateness > TOO_LATE:
            self._gear, self._calm = min(self._gear + 1, len(SLOWER_BY) - 1), 0
            self._calm_needed = min(2 * self._calm_needed, LONGEST_CALM)
            return
        self._calm += 1
        if self._calm >= self._calm_needed and self._gear:
            self._gear, self._calm = self._gear - 1, 0

    def speed(self, now: datetime) -> float:
        """What is wanted at that time of the day."""
        minute = timedelta(minutes=1)
        decisive = (
            self.begins - 4 * minute <= now < self.begins + 5 * minute
            or self.ends - minute <= now < self.ends + 4 * minute
        )
        least = DECISIVE if decisive else 1.0
        return max(self.full / max(least, SLOWER_BY[self._gear]), 1.0)
