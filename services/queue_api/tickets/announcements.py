"""The events of a ticket, made from its row."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from services.queue_api.events import Call, call_out, publish
from services.queue_api.tickets.domain import label
from services.queue_api.tickets.models import Ticket
from shared.contracts.envelope import EventData
from shared.contracts.queue import TicketCalled


def announce(session: Session, ticket: Ticket, event: type[EventData], at: datetime, **more: Any) -> None:
    """Publish that this happened to the ticket."""
    data = event.model_validate(
        {
            "number": label(ticket.service, ticket.number),
            "service": ticket.service,
            "day": ticket.day,
            "arrived_at": ticket.arrived_at,
            **more,
        }
    )
    publish(session, subject=ticket.id, office=ticket.office, at=at, data=data)


def announce_call(session: Session, ticket: Ticket, at: datetime) -> None:
    """Publish the call and show it in the waiting room."""
    announce(
        session, ticket, TicketCalled, at, counter=ticket.counter, officer=ticket.officer, call=ticket.calls
    )
    assert ticket.counter is not None
    call_out(
        session,
        Call(
            office=ticket.office,
            number=label(ticket.service, ticket.number),
            service=ticket.service,
            counter=ticket.counter,
            call=ticket.calls,
            at=at,
        ),
    )
