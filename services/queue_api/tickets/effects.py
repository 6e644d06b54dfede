"""What each action does to a ticket beyond its state: times, places, events."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from services.queue_api.days.repository import check_day_is_open
from services.queue_api.tickets.announcements import announce, announce_call
from services.queue_api.tickets.counters import check_counter_is_free
from services.queue_api.tickets.domain import Action, State, place_after
from services.queue_api.tickets.joining import waiting_or_held
from services.queue_api.tickets.models import Ticket
from services.queue_api.tickets.repository import line_of
from shared.contracts.offices import Office
from shared.contracts.queue import (
    TicketCancelled,
    TicketCompleted,
    TicketNoShow,
    TicketParked,
    TicketReinstated,
    TicketServing,
)
from shared.problems import Conflict, NotFound


class ServiceStandsStill(Conflict):
    """An outage stops this service; the ticket can be resumed when it is over."""

    type, title = "service-stopped", "The service is stopped"


@dataclass
class Move:
    """One action on one ticket; `ticket.state` is still the state it was in."""

    session: Session
    office: Office
    ticket: Ticket
    now: datetime
    officer: str
    counter: str | None = None


def recall(move: Move) -> None:
    """Call again."""
    move.ticket.calls += 1
    announce_call(move.session, move.ticket, move.now)


def start(move: Move) -> None:
    """The citizen sits down; enrolment_api opens the counter's session."""
    ticket = move.ticket
    ticket.serving_at = move.now
    announce(move.session, ticket, TicketServing, move.now, counter=ticket.counter, officer=ticket.officer)


def finish(move: Move) -> None:
    """Served."""
    ticket = move.ticket
    began = ticket.serving_at or ticket.called_at or move.now
    ticket.ended_at = move.now
    ticket.interrupted = False
    seconds = max(0.0, (move.now - began).total_seconds())
    announce(move.session, ticket, TicketCompleted, move.now, counter=ticket.counter, served_seconds=seconds)


def no_show(move: Move) -> None:
    """Called, and nobody came."""
    move.ticket.ended_at = move.now
    announce(move.session, move.ticket, TicketNoShow, move.now, counter=move.ticket.counter)


def reinstate(move: Move) -> None:
    """Back in line a few places down, as the office's policy says. Raises DayIsClosed: nobody calls there any more."""
    check_day_is_open(move.session, move.ticket.office, move.ticket.day)
    ticket, places = move.ticket, move.office.policies.reinstate_places
    line = line_of(move.session, office=ticket.office, day=ticket.day, service=ticket.service)
    ticket.place = place_after(line, places, ticket.place)
    rejoin(move)


def park(move: Move) -> None:
    """Set aside: a paper is missing, someone has to rest."""
    announce(move.session, move.ticket, TicketParked, move.now)


def resume(move: Move) -> None:
    """Called again, to its counter or the one that was named. Raises ServiceStandsStill, NotFound, CounterIsTaken."""
    ticket = move.ticket
    if waiting_or_held(move.session, move.office, ticket.service) is State.HELD:
        raise ServiceStandsStill
    counter = move.counter or str(ticket.counter)
    if counter not in {each.name for each in move.office.counters}:
        raise NotFound(f"Office {move.office.code} has no counter {counter}")
    check_counter_is_free(move.session, move.office.code, counter)
    ticket.counter, ticket.officer = counter, move.officer
    ticket.calls += 1
    ticket.called_at, ticket.serving_at = move.now, None
    announce_call(move.session, ticket, move.now)


def cancel(move: Move) -> None:
    """The citizen gave the place up."""
    move.ticket.ended_at = move.now
    announce(move.session, move.ticket, TicketCancelled, move.now)


def rejoin(move: Move) -> None:
    """In line again, at the place it has."""
    ticket = move.ticket
    ticket.ended_at = ticket.called_at = ticket.serving_at = ticket.counter = ticket.officer = None
    announce(move.session, ticket, TicketReinstated, move.now)


EFFECTS: dict[Action, Callable[[Move], None]] = {
    Action.RECALL: recall,
    Action.START: start,
    Action.FINISH: finish,
    Action.RECORD: finish,
    Action.NO_SHOW: no_show,
    Action.REINSTATE: reinstate,
    Action.REDEEM: rejoin,
    Action.PARK: park,
    Action.RESUME: resume,
    Action.CANCEL: cancel,
}
