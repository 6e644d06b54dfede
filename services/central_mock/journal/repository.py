"""Every statement of the journal, and what `verify` reads of the records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from services.central_mock.centre.records.models import Record
from services.central_mock.journal.batches import SEQ, packed, rows_in
from services.central_mock.journal.domain import AnyEntry
from services.central_mock.journal.models import JournalBatch
from services.central_mock.journal.rows import Row, entry_of
from shared.clock import microseconds
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
HEADS_AT_ONCE = 500
DELETED_AT_ONCE = 500

_BATCH: sa.Table = JournalBatch.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_WRITE = sa.insert(_BATCH)
_HEAD = sa.select(_BATCH.c.number, _BATCH.c.first_id, _BATCH.c.last_id, _BATCH.c.entries)
_OLDEST = sa.select(_BATCH.c.number, _BATCH.c.entries).order_by(_BATCH.c.number).limit(sa.bindparam("n"))
_HELD = sa.select(sa.func.count()).select_from(Record)
_COUNT = sa.select(sa.func.coalesce(sa.func.sum(_BATCH.c.entries), 0))


def write(session: Session, rows: list[Row]) -> None:
    """Add a batch. What is in an older one too counts as it is here."""
    connection_of(session).execute(_WRITE, packed(rows))


def held(session: Session) -> int:
    """How many records the centre has. Reads an index of them all."""
    return int(connection_of(session).execute(_HELD).scalar_one())


def count(session: Session) -> int:
    """How many entries there are, those that were written while they ran twice."""
    return int(connection_of(session).execute(_COUNT).scalar_one())


def delete_before(session: Session, number: int) -> None:
    """Forget batches of which every entry is older."""
    connection_of(session).execute(sa.delete(_BATCH).where(_BATCH.c.last_id < number))


def delete_oldest(session: Session, *, n: int) -> int:
    """Make room for up to so many entries, by whole batches; how many went."""
    deleted, last = 0, None
    for number, entries in connection_of(session).execute(_OLDEST, {"n": DELETED_AT_ONCE}):
        if deleted + entries > n:
            break
        deleted, last = deleted + entries, number
    if last is not None:
        connection_of(session).execute(sa.delete(_BATCH).where(_BATCH.c.number <= last))
    return deleted


Place = tuple[int, int]
"""Of a batch among others: its first or last entry, and its number."""


@dataclass(frozen=True)
class Span:
    """Which batches are looked at: those that may have what was asked, from one end to the other."""

    after: int
    """Numbers of entries, neither included."""
    before: int
    since: datetime | None = None
    until: datetime | None = None
    newest_first: bool = False

    def heads(self, place: Place | None) -> sa.Select[Any]:
        """What lies after a place."""
        edge = _BATCH.c.last_id if self.newest_first else _BATCH.c.first_id
        query = _HEAD.where(_BATCH.c.last_id > self.after, _BATCH.c.first_id < self.before)
        if self.since is not None:
            query = query.where(_BATCH.c.last_at_us >= microseconds(self.since))
        if self.until is not None:
            query = query.where(_BATCH.c.first_at_us < microseconds(self.until))
        where = sa.tuple_(edge, _BATCH.c.number)
        if self.newest_first:
            query = query if place is None else query.where(where < sa.tuple_(*map(sa.literal, place)))
            return query.order_by(edge.desc(), _BATCH.c.number.desc())
        query = query if place is None else query.where(where > sa.tuple_(*map(sa.literal, place)))
        return query.order_by(edge, _BATCH.c.number)


def bodies(
    session: Session, span: Span, place: Place | None, *, entries: int
) -> tuple[list[bytes], Place | None]:
    """The next batches, of so many entries or a few more; and the place after them, None at the end."""
    query = span.heads(place).limit(HEADS_AT_ONCE)
    heads = connection_of(session).execute(query).all()
    taken = _as_many_as(heads, entries)
    if not taken:
        return [], None
    last = taken[-1]
    there_is_more = len(taken) < len(heads) or len(heads) == HEADS_AT_ONCE
    edge = last.last_id if span.newest_first else last.first_id
    return _bodies(session, taken), (edge, last.number) if there_is_more else None


def _as_many_as(heads: Sequence[Any], entries: int) -> list[Any]:
    taken: list[Any] = []
    for head in heads:
        if entries <= 0:
            break
        taken.append(head)
        entries -= head.entries
    return taken


def _bodies(session: Session, heads: list[Any]) -> list[bytes]:
    query = sa.select(_BATCH.c.body).where(_BATCH.c.number.in_([each.number for each in heads]))
    return list(connection_of(session).execute(query.order_by(_BATCH.c.number)).scalars())


def ended_after(session: Session, seq: int, *, upto: int, limit: int) -> list[AnyEntry]:
    """Entries in the order of their ends."""
    query = _HEAD.where(_BATCH.c.last_seq > seq, _BATCH.c.first_seq <= upto).order_by(_BATCH.c.last_seq)
    heads = connection_of(session).execute(query.limit(limit)).all()
    # The first may have been told almost to its end: one more, so that a follower takes a whole step.
    found = {
        row[SEQ]: row
        for body in _bodies(session, _as_many_as(heads, limit + 1))
        for row in rows_in(body)
        if row[SEQ] is not None and seq < row[SEQ] <= upto
    }
    return [entry_of(found[each]) for each in sorted(found)[:limit]]


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
