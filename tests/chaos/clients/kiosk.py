"""The machine at the door, and the officer who notes that the power is gone."""

import asyncio
from dataclasses import dataclass

from tests.chaos.clients.caller import PATIENT, Caller
from tests.chaos.clients.office import ENROLMENT, Office

IN_LINE = 2
"""Numbers ahead of each counter: enough that nobody is idle, few enough that most are served."""
OTHERS = 0.03
"""The share of those who come for another service than to be recorded."""
GIVES_UP = 0.02
LOOKS_EVERY = 0.1


@dataclass
class Kiosk:
    """Gives numbers for as long as the line is short."""

    office: Office
    caller: Caller

    async def work(self) -> None:
        """Until the shift is over."""
        dice = self.caller.dice
        services = sorted({each for counter in self.office.counters.values() for each in counter})
        weights = [1.0 if each == ENROLMENT else OTHERS for each in services]
        while not (self.caller.shift.over or self.office.closing):
            service = dice.choices(services, weights)[0]
            if self.office.waiting[service] >= IN_LINE * self.office.count_for(service):
                await asyncio.sleep(LOOKS_EVERY)
                continue
            self.office.waiting[service] += 1
            await self._give(service)

    async def _give(self, service: str) -> None:
        dice = self.caller.dice
        body = {"service": service} | ({"priority": "ELDERLY"} if dice.random() < 0.1 else {})
        path = f"/v1/offices/{self.office.code}/tickets"
        # somebody who hears nothing from the machine for long goes away
        patience = 2.0 if dice.random() < GIVES_UP else PATIENT
        given = await self.caller.post(
            "issue", "queue", path, body, patience=patience, office=self.office.code, service=service
        )
        if given.ok:
            self.office.days.add(given.body["day"])


@dataclass
class PowerWatch:
    """Notes an outage by hand, now and then, and its end: whoever waits is held and keeps the place."""

    office: Office
    caller: Caller

    async def work(self) -> None:
        """Until the shift is over; an outage that was noted is always closed."""
        dice = self.caller.dice
        while not (self.caller.shift.over or self.office.closing):
            if not await self.caller.shift.pause(dice.uniform(6.0, 25.0)):
                return
            body = {"hop": "POWER", "services": [ENROLMENT]}
            path = f"/v1/offices/{self.office.code}/outages"
            self.office.out = True
            noted = await self.caller.post("outage", "queue", path, body, office=self.office.code)
            if noted.ok:
                await asyncio.sleep(dice.uniform(0.5, 2.5))
                await self.caller.post(
                    "outage-over", "queue", f"/v1/outages/{noted.body['id']}/close", office=self.office.code
                )
            self.office.out = False
