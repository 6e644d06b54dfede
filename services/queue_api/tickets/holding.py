"""Holding a line while its service stands still and letting it go again, nobody's place lost.

One function brings the line into step with the ledger, so opening, changing and closing an outage, two of them at
once and a new policy are all the same case.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime

from sqlmodel import Session

from services.queue_api.tickets.announcements import announce
from services.queue_api.tickets.domain import AT_A_COUNTER, Action, State
from services.queue_api.tickets.models import Ticket
from services.queue_api.tickets.repository import locked_in_states
from services.queue_api.tickets.service import next_state
from shared.contracts.offices import Office, ServiceType
from shared.contracts.queue import TicketHeld, TicketReleased

CAN_BE_HELD = frozenset({State.WAITING, *AT_A_COUNTER})


def bring_line_into_step(
    session: Session, office: Office, *, stopped: AbstractSet[ServiceType], outage: str | None, now: datetime
) -> None:
    """Hold the tickets of services that stand still, release those of services that do not.

    The caller has the office's line alone.
    """
    for ticket in locked_in_states(session, office.code, {*CAN_BE_HELD, State.HELD}):
        stands_still = ticket.service in stopped
        if stands_still and ticket.state is not State.HELD:
            _hold(session, ticket, outage, now)
        elif not stands_still and ticket.state is State.HELD:
            _release(session, ticket, now)
    session.flush()


def _hold(session: Session, ticket: Ticket, outage: str | None, now: datetime) -> None:
    ticket.interrupted = ticket.interrupted or ticket.state in AT_A_COUNTER
    ticket.state = next_state(ticket.state, Action.HOLD)
    ticket.was_held = True
    session.add(ticket)
    announce(session, ticket, TicketHeld, now, outage_id=outage, interrupted=ticket.interrupted)


def _release(session: Session, ticket: Ticket, now: datetime) -> None:
    ticket.state = next_state(ticket.state, Action.RELEASE)
    ticket.counter = ticket.officer = ticket.called_at = ticket.serving_at = None
    session.add(ticket)
    announce(session, ticket, TicketReleased, now, interrupted=ticket.interrupted)
