"""The use cases of a ticket: take a number, act on it, look at it."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from services.queue_api.forecast.domain import Forecast
from services.queue_api.forecast.service import line_forecast
from services.queue_api.offices.repository import office_of, office_shared
from services.queue_api.tickets.announcements import announce
from services.queue_api.tickets.counters import CounterIsTaken
from services.queue_api.tickets.domain import (
    AT_A_COUNTER,
    TRANSITIONS,
    Action,
    Priority,
    State,
    allowed_actions,
)
from services.queue_api.tickets.effects import EFFECTS, Move
from services.queue_api.tickets.joining import join_line, waiting_or_held
from services.queue_api.tickets.models import Ticket
from services.queue_api.tickets.repository import (
    count_ahead,
    locked_ticket,
    office_of_ticket,
    ticket_by_code,
    voucher_of,
)
from services.queue_api.tickets.schemas import CitizenTicket, Eta, TicketInLine, TicketView
from shared.columns import ColumnCipher
from shared.contracts.offices import Office, ServiceType
from shared.contracts.queue import TicketHeld
from shared.problems import Conflict, IllegalAction, NotFound
from shared.security import Principal, Role


class AtAnotherCounter(Conflict):
    """Another officer is working with this ticket."""

    type, title = "at-another-counter", "At another counter"


def issue_ticket(
    session: Session,
    *,
    office_code: str,
    service: ServiceType,
    priority: Priority | None,
    phone: str | None,
    cipher: ColumnCipher,
    now: datetime,
) -> TicketInLine:
    """A citizen takes a number. Raises InvalidInput, DayIsClosed, NotFound."""
    office = office_shared(session, office_code)
    ticket = join_line(
        session,
        office=office,
        service=service,
        arrived_at=now,
        now=now,
        priority=priority,
        phone=phone,
        cipher=cipher,
    )
    return in_line_view(session, office, ticket, now)


def act_on_ticket(
    session: Session,
    *,
    ticket_id: str,
    action: Action,
    who: Principal,
    now: datetime,
    counter: str | None = None,
) -> TicketView:
    """Do one of the plain actions. Raises NotFound, IllegalAction, AtAnotherCounter, CounterIsTaken."""
    office, ticket = ticket_to_change(session, ticket_id, who)
    check_officer(ticket, who)
    apply(Move(session, office, ticket, now, who.subject, counter), action)
    session.add(ticket)
    try:
        session.flush()
    except IntegrityError as error:  # another replica was quicker to take the counter
        raise CounterIsTaken from error
    return TicketView.of(ticket)


def apply(move: Move, action: Action) -> None:
    """Decide by the table, then do what the action does. Raises IllegalAction."""
    ticket = move.ticket
    target = next_state(ticket.state, action)
    if target is State.WAITING:
        target = waiting_or_held(move.session, move.office, ticket.service)
    EFFECTS[action](move)
    ticket.state = target
    if target is State.HELD:
        ticket.was_held = True
        announce(move.session, ticket, TicketHeld, move.now, interrupted=False)


def next_state(state: State, action: Action) -> State:
    """The state the action leads to. Raises IllegalAction naming what is allowed."""
    target = TRANSITIONS.get((state, action))
    if target is None:
        raise IllegalAction(action, state, allowed_actions(state))
    return target


def ticket_to_change(session: Session, ticket_id: str, who: Principal) -> tuple[Office, Ticket]:
    """The ticket with its office's line shared and its own row locked. Raises NotFound for another office's."""
    code = office_of_ticket(session, ticket_id)
    if not who.sees(code):
        raise NotFound(f"No ticket {ticket_id}")
    return office_shared(session, code), locked_ticket(session, ticket_id)


def check_officer(ticket: Ticket, who: Principal) -> None:
    """A ticket at a counter belongs to its officer; a supervisor may stand in."""
    if ticket.state in AT_A_COUNTER and ticket.officer != who.subject and not who.has(Role.SUPERVISOR):
        raise AtAnotherCounter(
            f"Ticket {ticket.id} is with another officer at counter {ticket.counter}", counter=ticket.counter
        )


def in_line_view(session: Session, office: Office, ticket: Ticket, now: datetime) -> TicketInLine:
    """The ticket with where it stands."""
    ahead, outlook = _outlook(session, office, ticket, now)
    return TicketInLine(
        **TicketView.of(ticket).model_dump(),
        ahead=ahead,
        eta=Eta.of(outlook) if outlook else None,
        eta_reason=outlook.reason if outlook else None,
        served_today=outlook.served_today if outlook else None,
    )


def citizen_view(session: Session, *, code: str, now: datetime) -> CitizenTicket:
    """What the bearer of the code may know. Raises NotFound."""
    ticket = ticket_by_code(session, code)
    ahead, outlook = _outlook(session, office_of(session, ticket.office), ticket, now)
    voucher = voucher_of(session, ticket.id) if ticket.state is State.VOUCHERED else None
    heir = session.get(Ticket, ticket.continues_as) if ticket.continues_as else None
    return CitizenTicket(
        **TicketView.of(ticket).model_dump(include=CITIZEN_FIELDS),
        ahead=ahead,
        eta=Eta.of(outlook) if outlook else None,
        eta_reason=outlook.reason if outlook else None,
        served_today=outlook.served_today if outlook else None,
        voucher=voucher.code if voucher else None,
        continues_as=heir.code if heir else None,
        as_of=now,
    )


CITIZEN_FIELDS = {
    "code", "office", "day", "number", "service", "state", "arrived_at", "counter", "interrupted",
}  # fmt: skip


def _outlook(
    session: Session, office: Office, ticket: Ticket, now: datetime
) -> tuple[int | None, Forecast | None]:
    ahead = count_ahead(session, ticket)
    if ahead is None:
        return None, None
    return ahead, line_forecast(
        session,
        office,
        ticket.service,
        ahead=ahead,
        stopped=ticket.state is State.HELD,
        day=ticket.day,
        now=now,
    )
