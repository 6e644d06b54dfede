"""The supervisor of an office: has the day compared with the centre, holds records back, and closes the day."""

import asyncio
import time
from dataclasses import dataclass, field

from tests.chaos.clients.caller import Caller
from tests.chaos.clients.office import Office

BETWEEN = (2.0, 8.0)
"""Seconds between two things that a supervisor does."""
COMPARES = 0.6
HOLDS_FOR = (0.5, 3.0)


@dataclass
class Supervisor:
    """One office's; some close early, in the middle of everything."""

    office: Office
    caller: Caller
    open_for: float
    """Seconds; the shift ends whatever this says."""
    held_back: set[str] = field(default_factory=set)

    async def work(self) -> None:
        """Until the day is closed and nothing is held back any more."""
        dice = self.caller.dice
        closes = time.monotonic() + self.open_for
        while not self.caller.shift.over and (left := closes - time.monotonic()) > 0:
            await self.caller.shift.pause(min(left, dice.uniform(*BETWEEN)))
            await (self._compare() if dice.random() < COMPARES else self._hold_back())
        await self._close()
        await self.caller.shift.pause()
        await self._let_go()

    async def _compare(self) -> None:
        """What the day adds up to, while it goes on."""
        for day in sorted(self.office.days):
            path = f"/v1/offices/{self.office.code}/reconciliations/{day}"
            await self.caller.post("reconcile", "enrolment", path, office=self.office.code, day=day)

    async def _hold_back(self) -> None:
        """A record that waits for the centre is looked at again before it goes."""
        code = self.office.code
        found = await self.caller.get(
            "deliveries", "enrolment", f"/v1/deliveries?state=PENDING&office={code}&limit=5", office=code
        )
        if not found.body.get("items"):
            return
        record = self.caller.dice.choice(found.body["items"])["id"]
        self.held_back.add(record)
        path = f"/v1/deliveries/{record}"
        told = await self.caller.post(
            "quarantine", "enrolment", f"{path}/quarantine", office=code, record=record
        )
        if told.ok:
            await asyncio.sleep(self.caller.dice.uniform(*HOLDS_FOR))
            await self.caller.post("release", "enrolment", f"{path}/release", office=code, record=record)

    async def _close(self) -> None:
        """Whoever is still waiting keeps the place on a voucher; officers may be in the middle of something."""
        self.office.closing = True
        for day in sorted(self.office.days):
            path = f"/v1/offices/{self.office.code}/days/{day}/close"
            await self.caller.post("close-day", "queue", path, office=self.office.code, day=day)

    async def _let_go(self) -> None:
        """Nothing stays behind: what was held back with an answer that came late, or never."""
        for record in sorted(self.held_back):
            path = f"/v1/deliveries/{record}"
            seen = await self.caller.get("delivery", "enrolment", f"/v1/enrolments/{record}", record=record)
            if seen.body.get("delivery", "QUARANTINED") == "QUARANTINED":
                await self.caller.post(
                    "release", "enrolment", f"{path}/release", office=self.office.code, record=record
                )
