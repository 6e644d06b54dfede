"""Memory and disk put together: each entry once, in its latest state, in a stable order."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sqlmodel import Session

from services.central_mock.journal import repository
from services.central_mock.journal.batches import Judge, Latest, judge_of, needles, rows_in, troubled_key
from services.central_mock.journal.domain import AnyEntry
from services.central_mock.journal.journal import Journal
from services.central_mock.journal.keeper import JournalKeeper
from services.central_mock.journal.repository import Place, Span
from services.central_mock.journal.wanted import Wanted
from shared.database import Database

T = TypeVar("T")

EXPORTED_AT_ONCE = 500
READ_AT_ONCE = 5_000
"""For an export: batches overlap where requests run long, and are opened again by each read that they concern."""
OPENED_AT_ONCE = 4_000
NEVER = 1 << 62
"""Above every number."""


@dataclass(frozen=True)
class History:
    """How the journal is read."""

    journal: Journal
    keeper: JournalKeeper
    database: Database

    async def page(self, wanted: Wanted, *, after: int, limit: int) -> list[AnyEntry]:
        """Up to `limit` matching entries that began after the one of that number, oldest first."""
        found: list[AnyEntry] = []
        after = max(after, self.journal.first_id - 1)
        while len(found) < limit and after < self.journal.last_id:
            part, after = await self._part(wanted, after, limit - len(found))
            found += part
        return found[:limit]

    async def _part(self, wanted: Wanted, after: int, limit: int) -> tuple[list[AnyEntry], int]:
        """Matching entries, and the number up to which these are all."""
        journal = self.journal
        held, upto = journal.held(), journal.last_id
        stored: list[AnyEntry] = []
        if self.keeper.rows:
            span = Span(after, upto + 1, wanted.since, wanted.until)
            stored = await self._stored(span, judge_of(wanted), needles(wanted), limit)
            if len(stored) == limit:
                upto = stored[-1].id
        found = [each for each in stored if each.id not in held]
        found += [each for each in held.values() if after < each.id <= upto and wanted.matches(each)]
        return sorted(found, key=_number), upto

    async def pages(self, wanted: Wanted) -> AsyncIterator[list[AnyEntry]]:
        """All matching entries, some hundreds at a time."""
        after = 0
        while page := await self.page(wanted, after=after, limit=READ_AT_ONCE):
            for start in range(0, len(page), EXPORTED_AT_ONCE):
                yield page[start : start + EXPORTED_AT_ONCE]
            after = page[-1].id

    async def newest(self, wanted: Wanted, *, limit: int) -> list[AnyEntry]:
        """The last `limit` matching entries, oldest first, what still runs among them."""
        held = self.journal.held()
        found = [each for each in held.values() if wanted.matches(each)]
        if len(found) < limit and self.keeper.rows:
            span = Span(self.journal.first_id - 1, NEVER, wanted.since, wanted.until, newest_first=True)
            stored: list[AnyEntry] = await self._stored(span, judge_of(wanted), needles(wanted), limit)
            found += [each for each in stored if each.id not in held]
        return sorted(found, key=_number)[-limit:]

    async def troubled_keys(self) -> set[str]:
        """Keys of records, on disk, with an attempt that a fault touched or whose answer did not go out whole."""
        span = Span(self.journal.first_id - 1, NEVER)
        return set(await self._stored(span, troubled_key, [b"POST"], None))

    async def _stored(
        self, span: Span, judge: Judge[T], needles: Sequence[bytes], limit: int | None
    ) -> list[T]:
        """Up to `limit` of what the disk has, from the span's beginning on.

        Some thousand entries at a time: on PostgreSQL batches are opened in the event loop.
        """
        latest: Latest[T] = Latest(judge)
        found: list[T] = []
        place: Place | None = None
        entries = OPENED_AT_ONCE if limit is None else min(limit, OPENED_AT_ONCE)
        while limit is None or len(found) < limit:
            place = await self.database.read(partial(_open, latest, span, place, needles, entries))
            found += latest.settled(partial(_is_settled, span, place), newest_first=span.newest_first)
            if place is None:
                break
            entries = OPENED_AT_ONCE
        return found[:limit]


def _open(  # noqa: PLR0917  # for a partial alone
    latest: Latest[T],
    span: Span,
    place: Place | None,
    needles: Sequence[bytes],
    entries: int,
    session: Session,
) -> Place | None:
    """Collect from the next batches; the place after them."""
    bodies, after = repository.bodies(session, span, place, entries=entries)
    for body in bodies:
        if all(each in body for each in needles):
            latest.take(rows_in(body), after=span.after, before=span.before)
    return after


def _is_settled(span: Span, place: Place | None, number: int) -> bool:
    """Whether no batch from that place on can have an entry of this number."""
    if place is None:
        return True
    return number > place[0] if span.newest_first else number < place[0]


def _number(entry: AnyEntry) -> int:
    return entry.id
