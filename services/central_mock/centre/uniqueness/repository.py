"""Every statement of the uniqueness check, built once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from services.central_mock.centre.records.models import Record
from services.central_mock.centre.uniqueness.domain import Candidate, CheckState
from services.central_mock.centre.uniqueness.models import CheckResult
from shared.contracts.central import Decision
from shared.database import connection_of

_CANDIDATE = (
    col(Record.key),
    col(Record.office),
    col(Record.kind),
    col(Record.person),
    col(Record.supersedes),
    col(Record.state),
    col(Record.waiting_since),
    col(Record.applied_times),
)
# One state at a time, so that the index gives the oldest first without sorting a whole backlog.
_DUE = (
    sa.select(*_CANDIDATE)
    .where(
        col(Record.waiting_since).is_not(None),
        col(Record.state) == sa.bindparam("standing"),
        col(Record.waiting_since) <= sa.bindparam("since"),
    )
    .order_by(col(Record.waiting_since), col(Record.key))
    .limit(sa.bindparam("at_most"))
)
_UNIQUE = sa.select(*_CANDIDATE).where(
    col(Record.person).in_(sa.bindparam("people", expanding=True)),
    col(Record.decision) == Decision.PRINT_READY_RECORD,
)
_MOVE = (
    sa.update(Record)
    .where(col(Record.key) == sa.bindparam("moved"))
    .values(
        state=sa.bindparam("to_state"),
        decision=sa.bindparam("to_decision"),
        waiting_since=sa.bindparam("since"),
    )
)
_APPEND = sa.insert(CheckResult)
_RESULTS = (
    sa.select(CheckResult).where(col(CheckResult.seq) > sa.bindparam("after")).order_by(col(CheckResult.seq))
)


def due(session: Session, state: CheckState, *, since: datetime, at_most: int) -> list[Candidate]:
    """What has been in that state since then, oldest first."""
    rows = connection_of(session).execute(_DUE, {"standing": state, "since": since, "at_most": at_most})
    return [_candidate(row) for row in rows]


def found_unique(session: Session, people: Sequence[str]) -> list[Candidate]:
    """The print-ready records of these people."""
    return [_candidate(row) for row in connection_of(session).execute(_UNIQUE, {"people": list(people)})]


def _candidate(row: Any) -> Candidate:
    key, office, kind, person, supersedes, state, *rest = row
    return Candidate(key, office, kind, person, supersedes, CheckState(state), *rest)


def move(session: Session, moves: list[dict[str, Any]]) -> None:
    """Write down where the records stand."""
    connection_of(session).execute(_MOVE, moves)


def append_results(session: Session, results: list[dict[str, Any]]) -> None:
    """Add decisions, in this order."""
    connection_of(session).execute(_APPEND, results)


def results_after(
    session: Session, *, after: int, offices: Sequence[str], limit: int
) -> Sequence[CheckResult]:
    """Decisions after a cursor, in order; of all offices when none is named."""
    query = _RESULTS.limit(limit)
    if offices:
        query = query.where(col(CheckResult.office).in_(offices))
    return session.execute(query, {"after": after}).scalars().all()
