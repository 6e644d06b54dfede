"""Reading an office's day, and keeping its comparison."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.enrolment_api.delivery.models import Delivery
from services.enrolment_api.offices.models import OfficeRow
from services.enrolment_api.reconciliation.domain import (
    RUN_SECONDS,
    Found,
    Known,
    Line,
    ReconciliationState,
    standing_of,
)
from services.enrolment_api.reconciliation.models import DayReconciliation, ReconciliationFinding
from services.enrolment_api.recording.models import Enrolment, TimelineEntry
from services.enrolment_api.recording.timeline import HopEvent
from shared.database import UtcDateTime, connection_of

RECORDED = col(Enrolment.captured_at).is_not(None)
# by our clock: the centre's may be wrong
_ACKNOWLEDGED_HERE = (
    sa.select(sa.func.max(col(TimelineEntry.at)))
    .where(
        col(TimelineEntry.enrolment_id) == col(Enrolment.id), col(TimelineEntry.event) == HopEvent.SENT.value
    )
    .scalar_subquery()
)
CHUNK = 500
MAX_FINDINGS = 500
ENSURE = sa.text(
    "INSERT INTO reconciliation (office, day, state, compared, reason, failures) "
    "VALUES (:office, :day, :state, 0, '', 0) ON CONFLICT (office, day) DO NOTHING"
).bindparams(sa.bindparam("day", type_=sa.Date))
FOUND = sa.text(
    "INSERT INTO reconciliation_finding "
    "(office, day, record_id, found, done, first_found_at, last_found_at, times) "
    "VALUES (:office, :day, :record_id, :found, :done, :at, :at, 1) "
    "ON CONFLICT (office, day, record_id, found) DO UPDATE SET done = excluded.done, "
    "last_found_at = excluded.last_found_at, times = reconciliation_finding.times + 1"
).bindparams(sa.bindparam("day", type_=sa.Date), sa.bindparam("at", type_=UtcDateTime))


def _of_day(office: str, day: dt.date) -> tuple[sa.ColumnElement[bool], ...]:
    return (col(Enrolment.office) == office, col(Enrolment.day) == day, RECORDED)


def count_states(session: Session, office: str, day: dt.date) -> list[tuple[str | None, int]]:
    """How many of the day's records have which delivery."""
    counted = (
        sa.select(col(Delivery.state), sa.func.count())
        .select_from(Enrolment)
        .outerjoin(Delivery, col(Delivery.id) == col(Enrolment.id))
        .where(*_of_day(office, day))
        .group_by(col(Delivery.state))
    )
    return [(row[0], row[1]) for row in connection_of(session).execute(counted)]


def list_day(session: Session, office: str, day: dt.date, *, after: str | None, limit: int) -> list[Any]:
    """The day's records by id, which is the order they were begun in; one more than `limit`."""
    found = (
        sa.select(
            col(Enrolment.id),
            col(Enrolment.receipt_number),
            col(Enrolment.captured_at),
            col(Enrolment.centre_receipt),
            col(Delivery.state),
            _ACKNOWLEDGED_HERE.label("acknowledged_here"),
        )
        .outerjoin(Delivery, col(Delivery.id) == col(Enrolment.id))
        .where(*_of_day(office, day), col(Enrolment.id) > (after or ""))
        .order_by(col(Enrolment.id))
        .limit(limit + 1)
    )
    return list(connection_of(session).execute(found))


def lines_of(session: Session, office: str, day: dt.date) -> list[Line]:
    """Every record of the day that the centre could hold."""
    found = (
        sa.select(
            col(Delivery.id), col(Delivery.packet_sha256), col(Delivery.state), col(Delivery.receipt_number)
        )
        .join(Enrolment, col(Enrolment.id) == col(Delivery.id))
        .where(*_of_day(office, day))
        .order_by(col(Delivery.id))
    )
    rows = connection_of(session).execute(found)
    return [Line(row.id, row.packet_sha256, standing_of(row.state), row.receipt_number) for row in rows]


def known_here(session: Session, office: str, keys: Sequence[str]) -> set[str]:
    """Those of the keys that this office has recorded, on whatever day."""
    known: set[str] = set()
    for start in range(0, len(keys), CHUNK):
        found = select(Delivery.id).where(
            col(Delivery.office) == office, col(Delivery.id).in_(keys[start : start + CHUNK])
        )
        known |= set(session.exec(found))
    return known


def last_recorded_day(session: Session, office: str, before: dt.date) -> dt.date | None:
    """The last day before that on which the office recorded anybody."""
    found = select(sa.func.max(col(Enrolment.day))).where(
        col(Enrolment.office) == office, col(Enrolment.day) < before, RECORDED
    )
    return session.exec(found).first()


def time_zones(session: Session) -> dict[str, str]:
    """The zone of every office this deployment serves."""
    return dict(session.exec(select(OfficeRow.code, OfficeRow.time_zone)).all())


def known_days(session: Session, since: dt.date) -> dict[tuple[str, dt.date], Known]:
    """When each day is due, and when it was last begun."""
    rows = session.exec(select(DayReconciliation).where(col(DayReconciliation.day) >= since))
    return {(row.office, row.day): Known(row.due_at, row.started_at) for row in rows}


def get_day(session: Session, office: str, day: dt.date) -> DayReconciliation | None:
    """A day's comparison."""
    return session.get(DayReconciliation, (office, day))


def lock_day(session: Session, office: str, day: dt.date) -> DayReconciliation:
    """A day's comparison, made if it is not there, locked."""
    state = ReconciliationState.NOT_REQUESTED.value
    connection_of(session).execute(ENSURE, {"office": office, "day": day, "state": state})
    found = select(DayReconciliation).where(
        col(DayReconciliation.office) == office, col(DayReconciliation.day) == day
    )
    return session.exec(found.with_for_update()).one()


def next_due(session: Session, now: dt.datetime, *, lock: bool = False) -> DayReconciliation | None:
    """The comparison that is due for the longest time."""
    found = select(DayReconciliation).where(col(DayReconciliation.due_at) <= now)
    found = found.order_by(col(DayReconciliation.due_at)).limit(1)
    return session.exec(found.with_for_update(skip_locked=True) if lock else found).first()


def anything_due(session: Session, now: dt.datetime) -> bool:
    """Whether a day is due, or was begun: whoever began it may be dead."""
    begun = sa.and_(
        col(DayReconciliation.state) == ReconciliationState.RUNNING.value,
        col(DayReconciliation.due_at) <= now + dt.timedelta(seconds=RUN_SECONDS),
    )
    found = select(DayReconciliation.office).where(sa.or_(col(DayReconciliation.due_at) <= now, begun))
    return session.exec(found.limit(1)).first() is not None


def begin_again(session: Session, now: dt.datetime) -> int:
    """Make due what was begun and has no end; returns how many days."""
    begun = (col(DayReconciliation.state) == ReconciliationState.RUNNING.value) & (
        col(DayReconciliation.due_at) > now
    )
    return (
        connection_of(session).execute(sa.update(DayReconciliation).where(begun).values(due_at=now)).rowcount
    )


def keep_finding(session: Session, values: dict[str, Any]) -> None:
    """Keep what was found, or that it was found once more."""
    connection_of(session).execute(FOUND, values)


def findings_of(session: Session, office: str, day: dt.date) -> list[ReconciliationFinding]:
    """What was found on a day, the last first."""
    found = select(ReconciliationFinding).where(
        col(ReconciliationFinding.office) == office, col(ReconciliationFinding.day) == day
    )
    order = (col(ReconciliationFinding.last_found_at).desc(), col(ReconciliationFinding.record_id))
    return list(session.exec(found.order_by(*order).limit(MAX_FINDINGS)))


def findings_among(
    session: Session, office: str, day: dt.date, ids: Iterable[str], at: dt.datetime
) -> dict[str, str]:
    """What the comparison of that time found about these records."""
    found = select(ReconciliationFinding.record_id, ReconciliationFinding.found).where(
        col(ReconciliationFinding.office) == office,
        col(ReconciliationFinding.day) == day,
        col(ReconciliationFinding.last_found_at) == at,
        col(ReconciliationFinding.record_id).in_(list(ids)),
    )
    return dict(session.exec(found).all())


def count_current(
    session: Session, *, office: str | None = None, day: dt.date | None = None
) -> dict[Found, int]:
    """How much the last comparisons found, by kind: of one day, or of all."""
    counted = (
        sa.select(col(ReconciliationFinding.found), sa.func.count())
        .join(
            DayReconciliation,
            sa.and_(
                col(DayReconciliation.office) == col(ReconciliationFinding.office),
                col(DayReconciliation.day) == col(ReconciliationFinding.day),
                col(DayReconciliation.compared_at) == col(ReconciliationFinding.last_found_at),
            ),
        )
        .group_by(col(ReconciliationFinding.found))
    )
    if office is not None and day is not None:
        counted = counted.where(
            col(ReconciliationFinding.office) == office, col(ReconciliationFinding.day) == day
        )
    rows = connection_of(session).execute(counted).all()
    return dict.fromkeys(Found, 0) | {Found(row[0]): row[1] for row in rows}
