"""One counter of a replayed day: an officer who calls, records as DOMAIN orders the steps, and rests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from services.ektp.replay.actors import Office, number_of
from services.ektp.replay.client import Refused
from services.ektp.replay.history import Attempt, Outcome, Recorded
from services.ektp.replay.people import MODALITIES, Citizen, Dice, minutes_per_citizen
from shared.clock import SystemClock

# Seconds of the day.
ASKS_AGAIN = 30.0
FINISHES_BY_HAND = 120.0
LOOKS_AT_TICKET = 20.0
# How late (seconds) a counter may be and still take up its own rhythm, instead of beginning a new one.
RHYTHM = 120.0
# Shares of a citizen's time: sitting down, all devices done, receipt in hand.
SITS, CAPTURED, RECEIPT = 0.1, 0.65, 0.75
REAL = SystemClock()
OPEN_STATES = {"CALLED", "SERVING"}


class Interrupted(Exception):
    """The centre is away and this recording may not go on without it."""


@dataclass(slots=True)
class Sheet:
    """A recording under way; it stays with the ticket, so that it goes on where it was interrupted."""

    citizen: Citizen
    enrolment: str
    captured: set[str] = field(default_factory=set)
    approved: bool = False


@dataclass(slots=True)
class Counter:
    """One counter and its officer; `sheets` is the office's, any counter may go on with any recording."""

    office: Office
    number: int
    sheets: dict[str, Sheet]
    _minutes: Iterator[float] = field(init=False)
    _ready: datetime | None = None

    def __post_init__(self) -> None:
        dice = Dice(self.office.scenario, self.office.day, self.office.seed)
        pace = self.office.scenario.office_day.minutes_per_citizen
        self._minutes = minutes_per_citizen(pace, dice(f"counter {self.number}"))

    async def work(self) -> None:
        """From opening to closing time, with the breaks; nobody is called who could not be finished before."""
        await self.office.clock.until(self.office.opens)
        while rest := self._next_rest():
            begins, ends = rest
            while not self._too_late(begins):
                await self._serve_next()
            self._ready = None
            await self.office.clock.until(ends)

    def _next_rest(self) -> tuple[datetime, datetime] | None:
        office, now = self.office, self.office.clock.now()
        breaks = [(office.scenario.at(office.day, b.begins), office.scenario.at(office.day, b.ends))
                  for b in office.scenario.office_day.breaks]  # fmt: skip
        rests = [*breaks, (office.closes, office.closes)]
        return next((rest for rest in rests if now < rest[1]), None)

    def _too_late(self, rest: datetime) -> bool:
        pace = self.office.scenario.office_day.minutes_per_citizen
        return self.office.clock.now() + timedelta(minutes=pace.mean - pace.spread) > rest

    async def _serve_next(self) -> None:
        began = self._begin()
        ticket = await self._call_next()
        if ticket is None:
            await self._nobody_to_call(began)
            return
        number = number_of(ticket)
        if seen := self.office.history.ticket(number):
            seen.called.append((self.office.clock.now(), self.number))
        ends = began + timedelta(minutes=next(self._minutes))
        try:
            await self._record(str(ticket["id"]), str(ticket["code"]), number, began, ends)
        except Interrupted:
            self._ready = None
            self._note(began, Outcome.INTERRUPTED, number)
            return
        await self.office.clock.on_time(ends)
        self._ready = ends
        self._note(began, Outcome.RECORDED, number)

    async def _call_next(self) -> dict[str, Any] | None:
        try:
            return await self.office.hall.call_next(self.number)
        except Refused as refused:
            if refused.status != HTTPStatus.CONFLICT:
                raise
            return None  # the last ticket is still at the counter; it is asked again

    def _begin(self) -> datetime:
        """Now, or when the last citizen was due to leave: a slow machine must not stretch the officers' day."""
        now = self.office.clock.now()
        on_time = self._ready is not None and (now - self._ready).total_seconds() < RHYTHM
        return self._ready if on_time and self._ready else now

    async def _nobody_to_call(self, began: datetime) -> None:
        board = await self.office.hall.board()
        people = int(board["waiting"]) + int(board.get("held") or 0)
        self._ready = None
        await self.office.clock.sleep(ASKS_AGAIN)
        self._note(began, Outcome.REFUSED if people else Outcome.NOBODY, None)

    def _note(self, began: datetime, outcome: Outcome, number: int | None) -> None:
        self.office.history.attempts.append(
            Attempt(self.number, began, self.office.clock.now(), outcome, number)
        )

    async def _record(self, ticket_id: str, code: str, number: int, began: datetime, ends: datetime) -> None:
        clock, length = self.office.clock, ends - began
        await self._start(ticket_id)
        sheet = await self._open_sheet(ticket_id, code, number)
        await self._take_captures(sheet, began + length * SITS, began + length * CAPTURED)
        await clock.on_time(began + length * RECEIPT)
        receipt, took = await self._complete(sheet, code)
        self.office.history.recorded.append(
            Recorded(number, sheet.enrolment, receipt, self.number, clock.now(), took)
        )
        await self._see_ticket_finished(ticket_id, code)

    async def _start(self, ticket_id: str) -> None:
        try:
            await self.office.hall.act(ticket_id, "start")
        except Refused as refused:
            if refused.status != HTTPStatus.CONFLICT:
                raise
            raise Interrupted from refused  # held between the call and the start

    async def _open_sheet(self, ticket_id: str, code: str, number: int) -> Sheet:
        citizen = self.office.citizen(number)
        while ticket_id not in self.sheets:
            try:
                enrolment = await self.office.recording.draft(citizen.nik, citizen.biodata, ticket_id)
                self.sheets[ticket_id] = Sheet(citizen, enrolment)
            except Refused as refused:
                await self._wait_for_link(refused, code)
        return self.sheets[ticket_id]

    async def _take_captures(self, sheet: Sheet, begins: datetime, ends: datetime) -> None:
        step = (ends - begins) / len(MODALITIES)
        for place, modality in enumerate(MODALITIES):
            if modality in sheet.captured:
                continue
            await self.office.clock.on_time(begins + step * place)
            await self.office.recording.capture(sheet.enrolment, modality, sheet.citizen.capture(modality))
            sheet.captured.add(modality)
            if not sheet.approved:
                await self.office.recording.approve_photo(sheet.enrolment)
                sheet.approved = True

    async def _complete(self, sheet: Sheet, code: str) -> tuple[str, float]:
        while True:
            asked = REAL.now()
            try:
                receipt = await self.office.recording.complete(sheet.enrolment)
                return receipt, (REAL.now() - asked).total_seconds()
            except Refused as refused:
                await self._wait_for_link(refused, code)

    async def _wait_for_link(self, refused: Refused, code: str) -> None:
        """Try again while the ticket is at the counter; leave when it is held or the office closes."""
        if not refused.needs_link:
            raise refused
        state = (await self.office.hall.ticket(code))["state"]
        if state not in OPEN_STATES or self.office.clock.now() > self.office.closes:
            raise Interrupted from refused
        await self.office.clock.sleep(ASKS_AGAIN)

    async def _see_ticket_finished(self, ticket_id: str, code: str) -> None:
        """The event of the recording finishes the ticket; while the broker is away the officer does it."""
        by_hand = self.office.clock.now() + timedelta(seconds=FINISHES_BY_HAND)
        while (await self.office.hall.ticket(code))["state"] in OPEN_STATES:
            if self.office.clock.now() > by_hand:
                await self._finish_by_hand(ticket_id)
                return
            await self.office.clock.sleep(LOOKS_AT_TICKET)

    async def _finish_by_hand(self, ticket_id: str) -> None:
        try:
            await self.office.hall.act(ticket_id, "finish")
        except Refused as refused:
            if refused.status != HTTPStatus.CONFLICT:
                raise
            # the event came first: the ticket is finished
