"""What the board counts."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.queue_api.registry import table_of
from services.queue_api.tickets.domain import AT_A_COUNTER, State
from services.queue_api.tickets.models import Line, Ticket
from shared.contracts.offices import ServiceType
from shared.database import connection_of

_ticket = table_of(Ticket)
COUNTS = (
    sa.select(_ticket.c.service, _ticket.c.state, sa.func.count().label("how_many"))
    .where(_ticket.c.office == sa.bindparam("the_office"), _ticket.c.day == sa.bindparam("the_day"))
    .group_by(_ticket.c.service, _ticket.c.state)
)


@dataclass
class LineNow:
    """One line as it is now."""

    counts: Counter[State] = field(default_factory=Counter)
    at_counters: list[Ticket] = field(default_factory=list)
    last_number: int = 0


def lines_now(session: Session, office: str, day: date) -> dict[ServiceType, LineNow]:
    """All lines of the office's day."""
    lines: dict[ServiceType, LineNow] = defaultdict(LineNow)
    for service, state, how_many in connection_of(session).execute(
        COUNTS, {"the_office": office, "the_day": day}
    ):
        lines[service].counts[state] = how_many
    for ticket in session.exec(
        select(Ticket)
        .where(Ticket.office == office, col(Ticket.state).in_(AT_A_COUNTER))
        .order_by(col(Ticket.called_at))
    ):
        lines[ticket.service].at_counters.append(ticket)
    for line in session.exec(select(Line).where(Line.office == office, Line.day == day)):
        lines[line.service].last_number = line.last_number
    return lines
