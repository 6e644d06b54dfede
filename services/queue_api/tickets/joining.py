"""Getting into a line: a number, a place, and held at once where the service stands still."""

from datetime import datetime

from sqlmodel import Session

from services.queue_api.days.repository import check_day_is_open
from services.queue_api.offices.domain import local_day
from services.queue_api.outages.domain import stopped_by_any
from services.queue_api.outages.repository import open_outages
from services.queue_api.tickets.announcements import announce
from services.queue_api.tickets.domain import Priority, Standing, State, priority_place
from services.queue_api.tickets.models import Ticket
from services.queue_api.tickets.repository import let_pass, line_of, take_number
from shared.columns import ColumnCipher
from shared.contracts.offices import Office, ServiceType
from shared.contracts.queue import TicketHeld, TicketIssued
from shared.ids import new_code, new_id
from shared.problems import InvalidInput


def join_line(
    session: Session,
    *,
    office: Office,
    service: ServiceType,
    arrived_at: datetime,
    now: datetime,
    priority: Priority | None = None,
    phone: str | None = None,
    cipher: ColumnCipher | None = None,
) -> Ticket:
    """Make a ticket in today's line by its arrival. Raises InvalidInput, DayIsClosed."""
    if service not in office.services:
        raise InvalidInput.field("/body/service", f"office {office.code} has no {service}")
    day = local_day(office, now)
    check_day_is_open(session, office.code, day)
    number, place = take_number(session, office=office.code, day=day, service=service, at=now)
    if arrived_at < now:
        place = arrived_at.timestamp()
    if priority is not None:
        place = _place_in_front(
            session, line_of(session, office=office.code, day=day, service=service), place
        )
    ticket_id = new_id()
    ticket = Ticket(
        id=ticket_id,
        code=new_code(),
        office=office.code,
        day=day,
        service=service,
        number=number,
        state=waiting_or_held(session, office, service),
        priority=priority,
        place=place,
        arrived_at=arrived_at,
        issued_at=now,
        phone=cipher.encrypt(phone, row=ticket_id) if phone and cipher else None,
    )
    ticket.was_held = ticket.state is State.HELD
    session.add(ticket)
    session.flush()
    announce(session, ticket, TicketIssued, now, priority=priority)
    if ticket.was_held:
        announce(session, ticket, TicketHeld, now, interrupted=False)
    return ticket


def waiting_or_held(session: Session, office: Office, service: ServiceType) -> State:
    """The state of somebody who joins or rejoins the line now: the line is kept during an outage."""
    stopped = stopped_by_any(open_outages(session, office.code), office)
    return State.HELD if service in stopped else State.WAITING


def _place_in_front(session: Session, line: list[Standing], own: float) -> float:
    """Where the rule for priority tickets puts it, never behind its own place."""
    place, passed = priority_place(line, at_the_end=own)
    if passed is None or place >= own:
        return own
    let_pass(session, passed)
    return place
