"""Reading records. A record of an office that the caller's token does not name does not exist for the caller."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlmodel import Session, col, or_, select

from services.enrolment_api.delivery.models import Delivery
from services.enrolment_api.recording.models import BiometricException, Capture, Enrolment, TimelineEntry
from services.enrolment_api.recording.timeline import HopEvent
from shared.ids import is_id
from shared.prepared import Prepared
from shared.problems import NotFound
from shared.security import Principal, Role

# Asked twice with each of the fourteen readings of a record.
CAPTURED = Prepared(
    sa.select(col(Capture.modality)).where(col(Capture.enrolment_id) == sa.bindparam("wanted"))
)
EXCEPTED = Prepared(
    sa.select(col(BiometricException.modality)).where(
        col(BiometricException.enrolment_id) == sa.bindparam("wanted")
    )
)


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; None narrows nothing."""

    office: str | None = None
    status: str | None = None
    delivery: str | None = None
    nik_lookup: str | None = None
    day: date | None = None
    after: str | None = None


def get_record(session: Session, record_id: str, principal: Principal, *, lock: bool = False) -> Enrolment:
    """The record, locked for a change where asked. Raises NotFound."""
    statement = select(Enrolment).where(Enrolment.id == record_id)
    if lock:
        statement = statement.with_for_update()
    record = session.exec(statement).first() if is_id(record_id) else None
    if record is None or not principal.sees(record.office):
        raise no_record(record_id)
    return record


def no_record(record_id: str) -> NotFound:
    """The refusal for a record that is unknown, or another office's."""
    return NotFound(f"No enrolment {record_id}" if is_id(record_id) else "No enrolment has such an id")


def captured(session: Session, record_id: str) -> set[str]:
    """The modalities that are captured."""
    return {each.modality for each in CAPTURED.rows(session, {"wanted": record_id})}


def excepted(session: Session, record_id: str) -> set[str]:
    """The modalities that are missing for a confirmed reason."""
    session.flush()
    return {each.modality for each in EXCEPTED.rows(session, {"wanted": record_id})}


def exceptions_of(session: Session, record_id: str) -> list[BiometricException]:
    """The exceptions, whole."""
    statement = select(BiometricException).where(BiometricException.enrolment_id == record_id)
    return list(session.exec(statement.order_by(col(BiometricException.modality))))


def captures_of(session: Session, record_id: str) -> list[sa.Row[tuple[object, ...]]]:
    """What is known of each capture, without the sealed bytes."""
    columns = (
        Capture.modality,
        Capture.sha256,
        Capture.size,
        Capture.quality,
        Capture.captured_at,
        Capture.captured_by,
    )
    statement = sa.select(*(col(column) for column in columns)).where(col(Capture.enrolment_id) == record_id)
    return list(session.connection().execute(statement))


def timeline_of(session: Session, record_id: str) -> list[TimelineEntry]:
    """Every hop, in the order in which it was written."""
    statement = select(TimelineEntry).where(TimelineEntry.enrolment_id == record_id)
    return list(session.exec(statement.order_by(col(TimelineEntry.id))))


def was_lost(session: Session, record_id: str) -> bool:
    """Whether the centre once gave its receipt for it and lost it."""
    statement = select(TimelineEntry.id).where(
        TimelineEntry.enrolment_id == record_id, TimelineEntry.event == HopEvent.MISSING.value
    )
    return session.exec(statement.limit(1)).first() is not None


def delivery_states(session: Session, record_ids: Iterable[str]) -> dict[str, str]:
    """Where these records are on their way to the centre; drafts are not on it."""
    statement = select(Delivery.id, Delivery.state).where(col(Delivery.id).in_(list(record_ids)))
    return dict(session.exec(statement).all())


def list_records(session: Session, *, principal: Principal, filters: Filters, most: int) -> list[Enrolment]:
    """The records that the caller may see and the filters let through, oldest first."""
    statement = select(Enrolment).where(*_conditions(principal, filters))
    if filters.delivery:
        statement = statement.join(Delivery, col(Delivery.id) == col(Enrolment.id))
        statement = statement.where(Delivery.state == filters.delivery)
    return list(session.exec(statement.order_by(col(Enrolment.id)).limit(most)))


def _conditions(principal: Principal, filters: Filters) -> list[sa.ColumnElement[bool]]:
    wanted = [
        (col(Enrolment.office), filters.office),
        (col(Enrolment.status), filters.status),
        (col(Enrolment.nik_lookup), filters.nik_lookup),
        (col(Enrolment.day), filters.day),
    ]
    conditions: list[sa.ColumnElement[bool]] = [
        column == value for column, value in wanted if value is not None
    ]
    if filters.after:
        conditions.append(col(Enrolment.id) > filters.after)
    if filters.office is None:
        conditions.append(_visible(principal))
    return conditions


def _visible(principal: Principal) -> sa.ColumnElement[bool]:
    """The SQL of `Principal.sees`."""
    own = sorted(principal.offices)
    if Role.OPS in principal.roles:
        return sa.true()
    if Role.DISDUKCAPIL not in principal.roles:
        return col(Enrolment.office).in_(own)
    return or_(
        col(Enrolment.office).in_(own), *(col(Enrolment.office).startswith(f"{code}.") for code in own)
    )
