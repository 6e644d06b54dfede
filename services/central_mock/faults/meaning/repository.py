"""Every statement of the faults of meaning."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.central_mock.centre.records.models import Packet, Record
from services.central_mock.centre.uniqueness.domain import CheckState
from services.central_mock.centre.uniqueness.models import CheckResult
from services.central_mock.faults.meaning.models import DueForgetting, HeldDecision
from shared.contracts.central import Decision

CHUNK = 500
RECORDS_FORGOTTEN = "records_forgotten"
"""How many records a transaction deleted, for the metrics."""
_LAST_NUMBER = {
    "sqlite": sa.text(
        "UPDATE sqlite_sequence SET seq = (SELECT coalesce(max(seq), 0) FROM check_result) "
        "WHERE name = 'check_result'"
    ),
    "postgresql": sa.text(
        "SELECT setval(pg_get_serial_sequence('check_result', 'seq'), "
        "(SELECT coalesce(max(seq), 0) FROM check_result) + 1, false)"
    ),
}


def is_held(session: Session, key: str) -> bool:
    """Whether there is a record under the key."""
    return session.exec(select(Record.key).where(col(Record.key) == key)).first() is not None


def apply_again(session: Session, record: dict[str, Any], packet: bytes) -> None:
    """Put a record over the one that has its key; it took effect once more and is checked once more."""
    key = record["key"]
    again = record | {"applied_times": col(Record.applied_times) + 1}
    session.execute(sa.update(Record).where(col(Record.key) == key).values(again))
    session.execute(sa.update(Packet).where(col(Packet.key) == key).values(body=packet))
    session.execute(sa.delete(HeldDecision).where(col(HeldDecision.key) == key))


def count_another_application(session: Session, key: str) -> None:
    """The record took effect once more."""
    session.execute(
        sa.update(Record).where(col(Record.key) == key).values(applied_times=col(Record.applied_times) + 1)
    )


def decisions_told(session: Session, keys: Collection[str]) -> dict[str, int]:
    """How often a final decision of each of these records was told."""
    query = (
        sa.select(col(CheckResult.key), sa.func.count().label("number"))
        .where(col(CheckResult.key).in_(list(keys)), col(CheckResult.decision) != Decision.ADJUDICATE_RECORD)
        .group_by(col(CheckResult.key))
    )
    return {row.key: row.number for row in session.execute(query)}


# -- decisions held back


def stop_waiting(session: Session, keys: Sequence[str]) -> None:
    """Take records out of the check's queue."""
    session.execute(sa.update(Record).where(col(Record.key).in_(list(keys))).values(waiting_since=None))


def holds_over(session: Session, keys: Collection[str]) -> set[tuple[str, str]]:
    """(key, rule) of the holds on these records that are over."""
    query = sa.select(col(HeldDecision.key), col(HeldDecision.rule)).where(
        col(HeldDecision.key).in_(list(keys)), col(HeldDecision.over)
    )
    return {(key, rule) for key, rule in session.execute(query)}


def last_turn(session: Session, rule: str) -> datetime | None:
    """Until when the last record is held that this rule has given a turn."""
    return session.exec(
        select(HeldDecision.until)
        .where(col(HeldDecision.rule) == rule, col(HeldDecision.until).is_not(None))
        .order_by(col(HeldDecision.until).desc())
        .limit(1)
    ).first()


def holds_to_end(
    session: Session, *, rules_on: Collection[str], now: datetime, most: int
) -> list[HeldDecision]:
    """Holds whose time has come or whose rule is off."""
    query = select(HeldDecision).where(
        sa.or_(
            col(HeldDecision.rule).not_in(list(rules_on)),
            sa.and_(col(HeldDecision.over).is_(False), col(HeldDecision.until) <= now),
        )
    )
    return list(session.exec(query.limit(most)))


def held_elsewhere(session: Session, keys: Collection[str]) -> set[str]:
    """Which of these records a hold still keeps back."""
    query = sa.select(col(HeldDecision.key)).where(
        col(HeldDecision.key).in_(list(keys)), col(HeldDecision.over).is_(False)
    )
    return set(session.execute(query).scalars())


def wait_again(session: Session, since: dict[str, datetime]) -> None:
    """Put records back into the check's queue, as old as they are; not those that are decided or gone."""
    if since:
        session.connection().execute(
            sa.update(Record)
            .where(col(Record.key) == sa.bindparam("held"), col(Record.state) != CheckState.DECIDED)
            .values(waiting_since=sa.bindparam("since")),
            [{"held": key, "since": at} for key, at in since.items()],
        )


# -- what is destroyed


def forgettings(
    session: Session, *, rules_on: Collection[str], now: datetime, most: int
) -> list[DueForgetting]:
    """Records whose forgetting is due, or whose rule is off."""
    query = select(DueForgetting).where(
        sa.or_(col(DueForgetting.rule).not_in(list(rules_on)), col(DueForgetting.due_at) <= now)
    )
    return list(session.exec(query.limit(most)))


def came_after(session: Session, moment: datetime) -> list[tuple[str, str]]:
    """(key, office) of the records that arrived after a moment."""
    query = sa.select(col(Record.key), col(Record.office)).where(col(Record.arrived_at) > moment)
    return [(key, office) for key, office in session.execute(query)]


def decided_after(session: Session, moment: datetime) -> list[tuple[str, str]]:
    """(key, office) of the records of which something was decided after a moment."""
    query = sa.select(col(CheckResult.key), col(CheckResult.office)).where(
        col(CheckResult.decided_at) > moment
    )
    return sorted({(key, office) for key, office in session.execute(query)})


def delete_records(session: Session, keys: Iterable[str]) -> None:
    """Delete records with all that hangs on them."""
    for chunk in _chunks(keys):
        for model in (CheckResult, Packet, HeldDecision, DueForgetting, Record):
            key: Any = model.key
            session.execute(sa.delete(model).where(col(key).in_(chunk)))
        session.info[RECORDS_FORGOTTEN] = session.info.get(RECORDS_FORGOTTEN, 0) + len(chunk)


def undecide(session: Session, keys: Iterable[str], moment: datetime) -> None:
    """Take back what was decided of these records after a moment; each waits again as it did then."""
    for chunk in _chunks(keys):
        mine = col(CheckResult.key).in_(chunk)
        session.execute(sa.delete(CheckResult).where(mine, col(CheckResult.decided_at) > moment))
        session.execute(sa.delete(HeldDecision).where(col(HeldDecision.key).in_(chunk)))
        asked_expert = (
            sa.select(sa.func.max(col(CheckResult.decided_at)))
            .where(col(CheckResult.key) == col(Record.key))
            .scalar_subquery()
        )
        session.execute(
            sa.update(Record)
            .where(col(Record.key).in_(chunk))
            .values(
                state=sa.case((asked_expert.is_(None), CheckState.CHECKING), else_=CheckState.ADJUDICATING),
                decision=sa.case((asked_expert.is_(None), None), else_=Decision.ADJUDICATE_RECORD),
                waiting_since=sa.func.coalesce(asked_expert, col(Record.arrived_at)),
            )
        )


def _chunks(keys: Iterable[str]) -> Iterable[list[str]]:
    wanted = list(keys)
    return (wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK))


def give_numbers_again(session: Session) -> None:
    """The next result gets the number after the last that is left, as in a database that was restored."""
    connection = session.connection()
    connection.execute(_LAST_NUMBER[connection.dialect.name])
