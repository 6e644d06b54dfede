"""An officer at a counter: calls, serves, sets aside, gives up on people, and goes on after every failure."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.clients.caller import Caller, Told
from tests.chaos.clients.office import ANOTHER, ENROLMENT, NEIGHBOUR, Citizens, Office
from tests.chaos.clients.recording import Recording

NOBODY_THERE = (0.1, 0.3)
NOBODY_EXPECTED = (0.5, 1.5)
"""Seconds between two calls when nobody came, and when nobody has taken a number."""
EVENT_TAKES = 4.0
"""Seconds an officer waits for the ticket to end by itself before ending it by hand."""
HOWEVER_LONG = 1e9
"""Some have nothing else to do: at the end their tickets are done by the event, or never."""
LOOKS_AFTER, LOOKS_EVERY = 0.2, 1.0
"""Seconds until the first look at a ticket that should be done, and at most between two."""
DEALS: dict[str, float] = {
    "serve": 0.79, "no_show": 0.06, "park": 0.08, "cancel": 0.02, "recall": 0.03, "transfer": 0.02,
}  # fmt: skip


@dataclass
class Counter:
    """One counter of one office, and the officer behind it."""

    name: str
    office: Office
    caller: Caller
    citizens: Citizens
    foreign_token: str
    at_counter: dict[str, Any] | None = field(default=None)

    async def work(self) -> None:
        """Until the shift is over."""
        while not (self.caller.shift.over or self.office.closing):
            ticket = await self._next()
            if ticket is None:
                expected = any(self.office.waiting[each] for each in self.office.counters[self.name])
                await asyncio.sleep(
                    self.caller.dice.uniform(*(NOBODY_THERE if expected else NOBODY_EXPECTED))
                )
                continue
            await self._deal(ticket)

    async def _next(self) -> dict[str, Any] | None:
        """Somebody who was set aside or came back, or the next in line."""
        dice = self.caller.dice
        if self.office.gone and dice.random() < 0.3:
            back = self.office.gone.pop(0)
            if (await self.act(back, "reinstate")).ok:
                self.office.waiting[back["service"]] += 1
        if self.office.parked and ENROLMENT in self.office.counters[self.name] and dice.random() < 0.4:
            # the entry may stay for a moment, so that two officers go for the same person
            parked = self.office.parked[0] if dice.random() < 0.4 else self.office.parked.pop(0)
            told = await self.act(parked, "resume", {"counter": self.name})
            if parked in self.office.parked:
                self.office.parked.remove(parked)
            return told.body if told.ok else None
        told = await self._call()
        if told.status == 200:
            self.office.waiting[told.body["service"]] -= 1
            return told.body
        if told.status == 409:
            await self._clear(told.body)
        if told.status == 204 and not self.office.out:
            for service in self.office.counters[self.name]:
                self.office.waiting[service] = 0
        return None

    async def _call(self) -> Told:
        path = f"/v1/offices/{self.office.code}/counters/{self.name}/call-next"
        return await self.caller.post("call-next", "queue", path, office=self.office.code, counter=self.name)

    async def _clear(self, problem: dict[str, Any]) -> None:
        """Somebody is still at the counter: an answer was lost, or the event that ends the ticket is on its way."""
        ticket = {"id": problem.get("ticket"), "code": None}
        if ticket["id"] is None:
            return
        if problem.get("state") == "CALLED":
            await self.act(ticket, "start")
        await self.act(ticket, "finish")

    async def _deal(self, ticket: dict[str, Any]) -> None:
        if self.caller.dice.random() < 0.02:
            await self._show_elsewhere(ticket)
        if ticket["service"] != ENROLMENT or ticket["id"] in self.office.recorded:
            if (await self.act(ticket, "start")).ok:
                await self.act(ticket, "finish")
            return
        deal = self.caller.dice.choices(list(DEALS), list(DEALS.values()))[0]
        await getattr(self, f"_{deal}")(ticket)

    async def _no_show(self, ticket: dict[str, Any]) -> None:
        if (await self.act(ticket, "no-show")).ok and self.caller.dice.random() < 0.5:
            self.office.gone.append(ticket)

    async def _park(self, ticket: dict[str, Any]) -> None:
        if self.caller.dice.random() < 0.5:
            await self.act(ticket, "start")
        if (await self.act(ticket, "park")).ok:
            self.office.parked.append(ticket)

    async def _cancel(self, ticket: dict[str, Any]) -> None:
        await self.act(ticket, "cancel")

    async def _transfer(self, ticket: dict[str, Any]) -> None:
        """To the other office of the kabupaten, or to another line here: the arrival is kept."""
        elsewhere = NEIGHBOUR[self.office.code] if self.caller.dice.random() < 0.7 else self.office.code
        service = ENROLMENT if elsewhere != self.office.code else "CARD_PICKUP"
        await self.caller.post(
            "transfer", "queue", f"/v1/tickets/{ticket['id']}/transfer", {"office": elsewhere, "service": service},
            office=self.office.code, ticket=ticket["id"], counter=self.name, to_office=elsewhere, service=service,
        )  # fmt: skip

    async def _recall(self, ticket: dict[str, Any]) -> None:
        await self.act(ticket, "recall")
        await self._serve(ticket)

    async def _serve(self, ticket: dict[str, Any]) -> None:
        if not (await self.act(ticket, "start")).ok:
            return
        recording = Recording(
            self.caller, self.office.code, self.citizens.next_nik(), ticket["id"], self.foreign_token
        )
        done = await recording.run()
        if not done.ok:
            await self.act(ticket, "finish")
            return
        self.office.recorded.add(ticket["id"])
        await recording.afterwards(done.body["receipt"])
        await self._see_off(ticket)

    async def _see_off(self, ticket: dict[str, Any]) -> None:
        """The event ends the ticket; an officer who can't wait ends it by hand."""
        drawn = self.caller.dice.random()
        waits = 0.0 if drawn < 0.3 else EVENT_TAKES if drawn < 0.8 else HOWEVER_LONG
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + waits, LOOKS_AFTER
        while (
            loop.time() < until and ticket.get("code") and not (self.caller.shift.over or self.office.closing)
        ):
            await asyncio.sleep(pause)
            pause = min(LOOKS_EVERY, pause * 2.0)
            seen = await self.caller.get(
                "ticket", "queue", f"/v1/tickets/{ticket['code']}", ticket=ticket["id"]
            )
            if seen.body.get("state") == "DONE":
                return
        if waits < HOWEVER_LONG:
            await self.act(ticket, "finish")

    async def _show_elsewhere(self, ticket: dict[str, Any]) -> None:
        """An officer of another office tries the ticket: there is no such ticket for them."""
        await self.caller.do(
            "foreign", "POST", "queue", f"/v1/tickets/{ticket['id']}/cancel",
            {"office": ANOTHER[self.office.code], "ticket": ticket["id"]}, patience=5.0,
            headers={"Authorization": f"Bearer {self.foreign_token}"},
        )  # fmt: skip

    async def act(self, ticket: dict[str, Any], action: str, body: Any = None) -> Told:
        """One of the plain actions."""
        return await self.caller.post(
            action, "queue", f"/v1/tickets/{ticket['id']}/{action}", body,
            office=self.office.code, ticket=ticket["id"], counter=self.name,
        )  # fmt: skip
