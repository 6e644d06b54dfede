"""Every statement of the journal, and what `verify` reads of the records."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from services.central_mock.centre.records.models import Record
from services.central_mock.journal.domain import AnyEntry
from services.central_mock.journal.models import JournalRow
from services.central_mock.journal.rows import COLUMNS, Row, entry_of
from services.central_mock.journal.wanted import Wanted
from shared.database import connection_of

_FACTS = (
    col(Record.key),
    col(Record.office),
    col(Record.packet_sha256),
    col(Record.applied_times),
    col(Record.captured_at),
    col(Record.arrived_at),
)
CHUNK = 500

_ROW = sa.select(*(getattr(JournalRow, name) for name in COLUMNS))
_DELETE_BEFORE = sa.delete(JournalRow).where(col(JournalRow.id) < sa.bindparam("before"))
_NTH = sa.select(col(JournalRow.id)).order_by(col(JournalRow.id)).offset(sa.bindparam("n")).limit(1)
_HELD = sa.select(sa.func.count()).select_from(Record)
_COUNT = sa.select(sa.func.count()).select_from(JournalRow)


@cache
def _upsert(dialect: str) -> Any:
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect](JournalRow)
    changed = {name: insert.excluded[name] for name in COLUMNS if name != "id"}
    return insert.on_conflict_do_update(index_elements=["id"], set_=changed)


# Straight to the driver: SQLAlchemy's way to a batch costs as much again as SQLite takes for it.
_SQLITE_UPSERT = (
    f"INSERT OR REPLACE INTO journal ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608  # our own names
)


def write(session: Session, rows: list[Row]) -> None:
    """Add rows; one of a request that was written while it ran is replaced."""
    connection = connection_of(session)
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.driver_connection
        raw.executemany(_SQLITE_UPSERT, rows)
    else:
        named = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        connection.execute(_upsert(connection.dialect.name), named)


def held(session: Session) -> int:
    """How many records the centre has. Reads an index of them all."""
    return int(connection_of(session).execute(_HELD).scalar_one())


def count(session: Session) -> int:
    """How many rows there are. Reads them all: once, at the start."""
    return int(connection_of(session).execute(_COUNT).scalar_one())


def delete_before(session: Session, number: int) -> int:
    """Forget what is older; how many rows that were."""
    return connection_of(session).execute(_DELETE_BEFORE, {"before": number}).rowcount


def delete_oldest(session: Session, n: int) -> int:
    """Make room; how many rows went."""
    first_kept = connection_of(session).execute(_NTH, {"n": n}).scalar()
    return 0 if first_kept is None else delete_before(session, first_kept)


def _entries(session: Session, query: sa.Select[Any]) -> list[AnyEntry]:
    return [entry_of(dict(row)) for row in session.execute(query).mappings()]


def page(session: Session, wanted: Wanted, *, after: int, before: int, limit: int) -> list[AnyEntry]:
    """Matching entries between two numbers, oldest first."""
    query = (
        _ROW.where(col(JournalRow.id) > after, col(JournalRow.id) < before, *wanted.clauses())
        .order_by(col(JournalRow.id))
        .limit(limit)
    )
    return _entries(session, query)


def newest(session: Session, wanted: Wanted, *, from_id: int, limit: int) -> list[AnyEntry]:
    """The last matching entries, newest first."""
    query = (
        _ROW.where(col(JournalRow.id) >= from_id, *wanted.clauses())
        .order_by(col(JournalRow.id).desc())
        .limit(limit)
    )
    return _entries(session, query)


def ended_after(session: Session, seq: int, *, upto: int, limit: int) -> list[AnyEntry]:
    """Entries in the order of their ends."""
    query = (
        _ROW.where(col(JournalRow.seq) > seq, col(JournalRow.seq) <= upto)
        .order_by(col(JournalRow.seq))
        .limit(limit)
    )
    return _entries(session, query)


def troubled_keys(session: Session, *, from_id: int) -> set[str]:
    """Keys of records with an attempt that a fault touched or whose answer did not go out whole."""
    row = JournalRow
    query = (
        sa.select(col(row.key))
        .distinct()
        .where(
            col(row.id) >= from_id,
            col(row.method) == "POST",
            col(row.key).is_not(None),
            col(row.finished),
            sa.or_(
                col(row.fault).is_not(None),
                sa.not_(col(row.acknowledged)),
                col(row.outcome) == "NOT_WHOLE",
            ),
        )
    )
    return set(session.execute(query).scalars())


def facts_of(session: Session, keys: Iterable[str]) -> dict[str, Any]:
    """What is held of these keys."""
    wanted = list(keys)
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), CHUNK):
        query = sa.select(*_FACTS).where(col(Record.key).in_(wanted[start : start + CHUNK]))
        found.update((row.key, row) for row in session.execute(query))
    return found


def facts_in(
    session: Session, *, office: str | None, since: datetime | None, until: datetime | None
) -> dict[str, Any]:
    """What is held within these bounds."""
    query = sa.select(*_FACTS).order_by(col(Record.key))
    if office is not None:
        query = query.where(col(Record.office) == office)
    if since is not None:
        query = query.where(col(Record.captured_at) >= since)
    if until is not None:
        query = query.where(col(Record.captured_at) < until)
    return {row.key: row for row in session.execute(query)}
