"""A ticket that goes on elsewhere: another service, another office of the kabupaten, another day."""

from datetime import datetime

from sqlmodel import Session

from services.queue_api.offices.repository import office_shared
from services.queue_api.tickets.announcements import announce
from services.queue_api.tickets.domain import Action
from services.queue_api.tickets.joining import join_line
from services.queue_api.tickets.models import Ticket
from services.queue_api.tickets.schemas import TicketInLine
from services.queue_api.tickets.service import check_officer, in_line_view, next_state, ticket_to_change
from shared.contracts.offices import Office, ServiceType
from shared.contracts.queue import TicketTransferred
from shared.problems import Conflict, InvalidInput
from shared.security import Principal


class NotInThisKabupaten(Conflict):
    """A place is kept within a kabupaten, not beyond it."""

    type, title = "other-kabupaten", "Another kabupaten"


def transfer_ticket(
    session: Session,
    *,
    ticket_id: str,
    office_code: str | None,
    service: ServiceType | None,
    who: Principal,
    now: datetime,
) -> TicketInLine:
    """Make the ticket that it goes on as; the arrival time is kept. Raises as acting on a ticket does."""
    office, ticket = ticket_to_change(session, ticket_id, who)
    check_officer(ticket, who)
    target = office if office_code in {None, office.code} else office_shared(session, str(office_code))
    check_same_kabupaten(office.code, target.code)
    if target.code == office.code and service in {None, ticket.service}:
        raise InvalidInput.field("/body", "the ticket is in this line already")
    heir = continue_elsewhere(session, ticket, office=target, service=service or ticket.service, now=now)
    return in_line_view(session, target, heir, now)


def continue_elsewhere(
    session: Session, ticket: Ticket, *, office: Office, service: ServiceType, now: datetime
) -> Ticket:
    """End the ticket and begin its heir, by the original arrival. Raises IllegalAction, DayIsClosed."""
    state = next_state(ticket.state, Action.TRANSFER)
    heir = join_line(
        session,
        office=office,
        service=service,
        arrived_at=ticket.arrived_at,
        now=now,
        priority=ticket.priority,
    )
    ticket.state, ticket.ended_at, ticket.continues_as = state, now, heir.id
    session.add(ticket)
    session.flush()
    announce(session, ticket, TicketTransferred, now, to_ticket=heir.id, to_office=office.code)
    return heir


def check_same_kabupaten(one: str, other: str) -> None:
    """Raise NotInThisKabupaten when the offices belong to different ones."""
    if one[:5] != other[:5]:
        raise NotInThisKabupaten(f"{other} is not in kabupaten {one[:5]}")
