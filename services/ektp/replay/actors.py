"""Who comes and who watches on a replayed day: citizens, the display, the engineer, the supervisor."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from services.ektp.replay.history import BoardSeen, History, LinkSeen, TicketSeen
from services.ektp.replay.pace import DayClock
from services.ektp.replay.people import Citizen
from services.ektp.replay.scenario import Scenario
from services.ektp.replay.trio import Centre, Hall, Recording

LOOKS_EVERY = 120.0  # seconds of the day between two looks at the board


@dataclass(slots=True)
class Office:
    """What everybody in the replayed office shares."""

    scenario: Scenario
    day: date
    seed: int
    clock: DayClock
    hall: Hall
    recording: Recording
    centre: Centre
    # whether a service is away just now
    away: Callable[[], bool]
    people: list[Citizen]
    history: History
    outage_on: bool = False
    # the office's configuration before the replay, to be put back
    found_as: dict[str, Any] = field(default_factory=dict)

    @property
    def opens(self) -> datetime:
        """When the counters open."""
        return self.scenario.at(self.day, self.scenario.office_day.opens)

    @property
    def closes(self) -> datetime:
        """When the counters close."""
        return self.scenario.at(self.day, self.scenario.office_day.closes)

    @property
    def outage_begins(self) -> datetime:
        """When the centre goes."""
        return self.scenario.at(self.day, self.scenario.outage.starts)

    @property
    def outage_ends(self) -> datetime:
        """When it is back."""
        return self.scenario.at(self.day, self.scenario.outage.ends)

    def citizen(self, number: int) -> Citizen:
        """Who has that number."""
        return self.people[number - 1]


def number_of(ticket: dict[str, object]) -> int:
    """`A026` is 26."""
    return int(str(ticket["number"]).lstrip("ABCD"))


async def kiosk(office: Office) -> None:
    """Everybody takes a number when they come, one after another as at the real machine."""
    for citizen in office.people:
        await office.clock.until(citizen.arrives)
        ticket = await office.hall.take_ticket()
        seen = TicketSeen(number_of(ticket), str(ticket["id"]), str(ticket["code"]), office.clock.now())
        office.history.tickets.append(seen)


async def display(office: Office) -> None:
    """The board in the waiting room and the link on the officer's screen, looked at every other minute."""
    while True:
        board = await office.hall.board()
        held = int(board.get("held") or 0)
        office.history.boards.append(
            BoardSeen(office.clock.now(), str(board["mode"]), int(board["waiting"]), held)
        )
        await see_link(office)
        await office.clock.sleep(LOOKS_EVERY)


async def see_link(office: Office) -> LinkSeen:
    """One look at the link to the centre."""
    link = await office.recording.link()
    seen = LinkSeen(office.clock.now(), str(link["state"]), int(link["backlog"]))
    office.history.links.append(seen)
    return seen


async def engineer(office: Office) -> None:
    """Let the centre go and come back as the report says; that it comes back by itself is its own promise."""
    await office.clock.until(office.outage_begins)
    office.outage_on = True
    await take_centre_away(office)
    await office.clock.until(office.outage_ends)
    office.outage_on = False


async def take_centre_away(office: Office) -> None:
    """For the rest of the outage."""
    left = office.outage_ends - office.clock.now()
    if office.outage_on and left > timedelta(seconds=1):
        await office.centre.offline(office.scenario.outage.mode, left)


async def look_at_waiting(office: Office) -> None:
    """See at the report's hour where the number it speaks of stands."""
    if not (waiting := office.scenario.report.still_waiting):
        return
    # a moment before, because closing time is the same minute in the report
    await office.clock.until(office.scenario.at(office.day, waiting.at) - timedelta(seconds=20))
    if ticket := office.history.ticket(waiting.number):
        state = str((await office.hall.ticket(ticket.code))["state"])
        ticket.states.append((office.clock.now(), state))


async def supervisor(office: Office) -> None:
    """Close the day and see what became of every number."""
    await office.hall.close_day(office.day)
    office.history.summary = await office.hall.day(office.day)
    for ticket in office.history.tickets:
        state = str((await office.hall.ticket(ticket.code))["state"])
        ticket.states.append((office.clock.now(), state))
