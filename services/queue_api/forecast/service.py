"""Today's forecast for a line, from what its tickets have shown so far."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.queue_api.forecast.domain import EXPECTED_MINUTES, Forecast, Pace, forecast, pace_of
from services.queue_api.offices.domain import working_spans
from services.queue_api.registry import table_of
from services.queue_api.tickets.domain import State
from services.queue_api.tickets.models import Ticket
from shared.contracts.offices import Office, ServiceType
from shared.database import connection_of

SAMPLES = 50
_ticket = table_of(Ticket)
CALLED_TODAY = (
    sa.select(_ticket.c.counter, _ticket.c.state, _ticket.c.called_at, _ticket.c.ended_at)
    .where(
        _ticket.c.office == sa.bindparam("the_office"),
        _ticket.c.day == sa.bindparam("the_day"),
        _ticket.c.service == sa.bindparam("the_service"),
        _ticket.c.called_at.is_not(None),
    )
    .order_by(_ticket.c.called_at.desc())
    .limit(SAMPLES)
)


def line_pace(session: Session, office: Office, service: ServiceType, day: date) -> Pace:
    """How fast this line moves today."""
    rows = connection_of(session).execute(
        CALLED_TODAY, {"the_office": office.code, "the_day": day, "the_service": service}
    )
    working: set[str] = set()
    samples: list[float] = []
    for counter, state, called_at, ended_at in rows:
        working.add(counter)
        if state is State.DONE and ended_at is not None:
            samples.append((ended_at - called_at).total_seconds() / 60)
    able = {counter.name for counter in office.counters if service in counter.services}
    expected = office.policies.minutes_per_service.get(service, EXPECTED_MINUTES)
    return pace_of(samples, len(able & working) or len(able), expected)


def line_forecast(
    session: Session,
    office: Office,
    service: ServiceType,
    *,
    ahead: int,
    stopped: bool,
    day: date,
    now: datetime,
) -> Forecast:
    """What to tell someone with `ahead` people in front in this line now."""
    return forecast(
        ahead=ahead,
        pace=line_pace(session, office, service, day),
        spans=working_spans(office, day),
        now=now,
        stopped=stopped,
    )
