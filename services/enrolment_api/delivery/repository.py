"""Claiming what is due and keeping what became of it: prebuilt statements, for they run for every record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.enrolment_api.delivery.domain import DeliveryState
from services.enrolment_api.delivery.models import Delivery
from shared.database import UtcDateTime, connection_of

_t: sa.Table = Delivery.__table__  # type: ignore[attr-defined]  # SQLModel adds it

DUE = (
    sa.select(_t)
    .where(_t.c.next_attempt_at <= sa.bindparam("now", type_=UtcDateTime))
    .order_by(_t.c.next_attempt_at, _t.c.id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)
CLAIM = (
    sa.update(_t)
    .where(_t.c.id == sa.bindparam("record"))
    .values(
        state=DeliveryState.IN_FLIGHT.value,
        next_attempt_at=sa.bindparam("lease", type_=UtcDateTime),
        sends=_t.c.sends + 1,
    )
)
_STILL_OURS = sa.and_(
    _t.c.id == sa.bindparam("record"),
    _t.c.state == DeliveryState.IN_FLIGHT.value,
    _t.c.sends == sa.bindparam("claim_number"),
)
"""A lease can end under a worker that stands still: what is in flight then is in flight by somebody else."""
KEEP = (
    sa.update(_t)
    .where(_STILL_OURS)
    .values(
        state=sa.bindparam("new_state"),
        attempts=sa.bindparam("new_attempts"),
        next_attempt_at=sa.bindparam("due", type_=UtcDateTime),
        reason=sa.bindparam("new_reason"),
        receipt_number=sa.bindparam("receipt"),
        acknowledged_at=sa.bindparam("acknowledged", type_=UtcDateTime),
    )
)
RELEASE = (
    sa.update(_t)
    .where(_STILL_OURS)
    .values(state=sa.bindparam("old_state"), next_attempt_at=_t.c.captured_at, sends=_t.c.sends - 1)
)
ORPHANS = (
    sa.update(_t)
    .where(_t.c.state == DeliveryState.IN_FLIGHT.value, _t.c.next_attempt_at.is_not(None))
    .values(state=DeliveryState.OUTCOME_UNKNOWN.value, next_attempt_at=_t.c.captured_at)
)
SHRINK = sa.text("UPDATE backlog SET records = records - 1, bytes = bytes - :size WHERE office = :office")


@dataclass(frozen=True)
class Claim:
    """A delivery that is ours to work on until its lease ends."""

    id: str
    office: str
    kind: str
    supersedes: str | None
    captured_at: datetime
    packet_sha256: str
    packet_bytes: int
    state: DeliveryState
    """As it was before the claim: anything but PENDING may be at the centre already."""
    attempts: int
    number: int
    """Which claim of this delivery it is; a later one ends it."""

    @property
    def may_be_there(self) -> bool:
        """Whether the centre must be asked before it is sent."""
        return self.state is not DeliveryState.PENDING


def claim_due(session: Session, *, now: datetime, lease_until: datetime, most: int) -> list[Claim]:
    """Claim the oldest that are due; another replica's are skipped."""
    connection = connection_of(session)
    rows = connection.execute(DUE, {"now": now, "most": most}).all()
    if rows:
        connection.execute(CLAIM, [{"record": row.id, "lease": lease_until} for row in rows])
    return [_claim(row) for row in rows]


def _claim(row: Any) -> Claim:
    return Claim(
        id=row.id,
        office=row.office,
        kind=row.kind,
        supersedes=row.supersedes,
        captured_at=row.captured_at,
        packet_sha256=row.packet_sha256,
        packet_bytes=row.packet_bytes,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        number=row.sends + 1,
    )


def keep_outcome(session: Session, claim: Claim, values: dict[str, Any]) -> bool:
    """Write what became of a claim; False when it is no longer ours."""
    ours = {"record": claim.id, "claim_number": claim.number}
    return connection_of(session).execute(KEEP, ours | values).rowcount == 1


def release_claims(session: Session, claims: Sequence[Claim]) -> None:
    """Give back what was not worked on, as it was and as old as it was."""
    connection_of(session).execute(
        RELEASE,
        [
            {"record": each.id, "claim_number": each.number, "old_state": _released(each.state).value}
            for each in claims
        ],
    )


def _released(state: DeliveryState) -> DeliveryState:
    return DeliveryState.PENDING if state is DeliveryState.PENDING else DeliveryState.OUTCOME_UNKNOWN


def adopt_orphans(session: Session) -> int:
    """At start, alone on this database: what was in flight may be at the centre, so it is asked for first."""
    return connection_of(session).execute(ORPHANS).rowcount


def shrink_backlog(session: Session, *, office: str, size: int) -> None:
    """One record fewer waits."""
    connection_of(session).execute(SHRINK, {"office": office, "size": size})


def grow_backlog(session: Session, *, office: str, size: int) -> None:
    """One waits again."""
    connection_of(session).execute(
        sa.text("UPDATE backlog SET records = records + 1, bytes = bytes + :size WHERE office = :office"),
        {"office": office, "size": size},
    )


def next_due_at(session: Session) -> datetime | None:
    """When the next delivery is due."""
    found = select(Delivery.next_attempt_at).where(col(Delivery.next_attempt_at).is_not(None))
    return session.exec(found.order_by(col(Delivery.next_attempt_at)).limit(1)).first()


def get_delivery(session: Session, delivery_id: str) -> Delivery | None:
    """One, locked."""
    return session.exec(select(Delivery).where(col(Delivery.id) == delivery_id).with_for_update()).first()


def list_deliveries(
    session: Session,
    *,
    offices: Sequence[str] | None,
    state: DeliveryState | None,
    after: str | None,
    limit: int,
) -> list[Delivery]:
    """By id, which is the order they were begun in; one more than `limit`."""
    found = select(Delivery).order_by(col(Delivery.id)).limit(limit + 1)
    if offices is not None:
        found = found.where(col(Delivery.office).in_(offices))
    if state is not None:
        found = found.where(col(Delivery.state) == state.value)
    if after is not None:
        found = found.where(col(Delivery.id) > after)
    return list(session.exec(found))
