"""What queue_api tells about counters."""

from sqlmodel import Session

from services.enrolment_api.counters.models import CounterSession
from shared.contracts.envelope import Event
from shared.contracts.offices import ServiceType
from shared.contracts.queue import TicketServing


def ticket_serving(session: Session, event: Event, data: TicketServing) -> None:
    """Open the counter's session; a ticket that was interrupted and comes back moves to its new counter."""
    if data.service is not ServiceType.ENROLMENT:
        return
    session.merge(
        CounterSession(
            ticket_id=event.subject,
            office=event.office,
            counter=data.counter,
            number=data.number,
            officer=data.officer,
            since=event.time,
        )
    )
