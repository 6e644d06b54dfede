"""Calling the next number: the busiest use case of an office, in four statements that were built once.

A ticket goes to one counter only: PostgreSQL skips rows that another counter is taking, SQLite has one writer.
A counter has one ticket only: a unique index over what is at the counters says so, whatever asks at once.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from services.queue_api.offices.domain import local_day
from services.queue_api.offices.repository import office_shared
from services.queue_api.registry import table_of
from services.queue_api.tickets.announcements import announce_call
from services.queue_api.tickets.counters import AT_THIS_COUNTER, CounterIsTaken, check_counter_is_free
from services.queue_api.tickets.domain import State
from services.queue_api.tickets.models import IN_LINE, Ticket
from services.queue_api.tickets.schemas import COPIED, TicketView
from shared.contracts.offices import Counter, Office, ServiceType
from shared.database import UtcDateTime
from shared.prepared import Prepared
from shared.problems import InvalidInput, NotFound

_ticket = table_of(Ticket)
_waiting = _ticket.alias("waiting")
SERVICES = len(ServiceType)

NEXT = (
    sa.select(_waiting.c.id)
    .where(
        _waiting.c.office == sa.bindparam("the_office"),
        _waiting.c.day == sa.bindparam("the_day"),
        IN_LINE,  # as the index over the line is written
        _waiting.c.state == State.WAITING,
        _waiting.c.service.in_([sa.bindparam(f"service_{index}") for index in range(SERVICES)]),
        ~AT_THIS_COUNTER.exists(),
    )
    .order_by(_waiting.c.interrupted.desc(), _waiting.c.place, _waiting.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=_waiting)
)
_now = sa.bindparam("the_time", type_=UtcDateTime)
CALL = Prepared(
    sa.update(_ticket)
    .where(_ticket.c.id == NEXT.scalar_subquery())
    .values(
        state=State.CALLED,
        counter=sa.bindparam("the_counter"),
        officer=sa.bindparam("the_officer"),
        calls=_ticket.c.calls + 1,
        interrupted=False,
        called_at=_now,
        first_called_at=sa.func.coalesce(_ticket.c.first_called_at, _now),
        serving_at=None,
    )
    .returning(*(_ticket.c[name] for name in COPIED), _ticket.c.number)
)


def call_next(
    session: Session,
    *,
    office_code: str,
    counter_name: str,
    services: Sequence[ServiceType] | None,
    officer: str,
    now: datetime,
) -> TicketView | None:
    """Give the counter the next ticket, or None when nobody waits. Raises NotFound, InvalidInput, CounterIsTaken."""
    office = office_shared(session, office_code)
    wanted = _services(_counter(office, counter_name), services)
    chosen = {f"service_{index}": wanted[index % len(wanted)] for index in range(SERVICES)}
    given = {
        "the_office": office.code,
        "the_day": local_day(office, now),
        "the_counter": counter_name,
        "the_officer": officer,
        "the_time": now,
    }
    try:
        row = CALL.first(session, given | chosen)
    except IntegrityError as error:
        raise CounterIsTaken(f"Counter {counter_name} was given a ticket this very moment") from error
    if row is None:
        check_counter_is_free(session, office.code, counter_name)
        return None
    return _called(session, row, now)


def _called(session: Session, row: Any, now: datetime) -> TicketView:
    ticket = cast(Ticket, row)  # the row has what is read of it, at a fifth of the cost
    announce_call(session, ticket, now)
    return TicketView.of(ticket)


def _counter(office: Office, name: str) -> Counter:
    for counter in office.counters:
        if counter.name == name:
            return counter
    raise NotFound(f"Office {office.code} has no counter {name}")


def _services(counter: Counter, asked: Sequence[ServiceType] | None) -> Sequence[ServiceType]:
    if asked is None:
        return counter.services
    if not set(asked) <= set(counter.services):
        raise InvalidInput.field("/body/services", f"counter {counter.name} does not call for all of these")
    return asked
