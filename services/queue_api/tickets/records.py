"""What enrolment_api tells of tickets: a captured record finishes its ticket."""

import structlog
from sqlmodel import Session

from services.queue_api.offices.repository import office_shared
from services.queue_api.tickets.domain import TRANSITIONS, Action, State
from services.queue_api.tickets.effects import Move
from services.queue_api.tickets.models import Ticket
from services.queue_api.tickets.repository import locked_ticket
from services.queue_api.tickets.service import apply
from shared.contracts.enrolment import RecordCaptured
from shared.contracts.envelope import Event

log = structlog.get_logger()


def record_captured(session: Session, event: Event, data: RecordCaptured) -> None:
    """The citizen was recorded, so was served, whatever the line did meanwhile. Idempotent."""
    if data.ticket_id is None:
        return
    known = session.get(Ticket, data.ticket_id)
    if known is None or known.office != event.office:
        log.warning("ticket.unknown", ticket=data.ticket_id, event_id=event.id)
        return
    office = office_shared(session, known.office)
    session.expunge(known)
    ticket = locked_ticket(session, data.ticket_id)
    if (ticket.state, Action.RECORD) not in TRANSITIONS:
        level = log.debug if ticket.state is State.DONE else log.warning
        level("ticket.record_ignored", ticket=ticket.id, state=ticket.state, event_id=event.id)
        return
    apply(Move(session, office, ticket, data.captured_at, officer=ticket.officer or ""), Action.RECORD)
    session.add(ticket)
    session.flush()
