"""Memory and disk put together: each entry once, in its latest state, in a stable order."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from services.central_mock.journal import repository
from services.central_mock.journal.domain import AnyEntry
from services.central_mock.journal.journal import Journal
from services.central_mock.journal.keeper import JournalKeeper
from services.central_mock.journal.wanted import Wanted
from shared.database import Database

EXPORTED_AT_ONCE = 500


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
        held, complete_from, upto = journal.held(), journal.complete_from, journal.last_id
        stored: list[AnyEntry] = []
        if after + 1 < complete_from and self.keeper.rows:
            stored = await self.database.read(
                lambda session: repository.page(
                    session, wanted, after=after, before=complete_from, limit=limit
                )
            )
            if len(stored) == limit:
                upto = stored[-1].id
        found = [each for each in stored if each.id not in held]
        found += [each for each in held.values() if after < each.id <= upto and wanted.matches(each)]
        return sorted(found, key=_number), upto

    async def pages(self, wanted: Wanted) -> AsyncIterator[list[AnyEntry]]:
        """All matching entries, some hundreds at a time."""
        after = 0
        while page := await self.page(wanted, after=after, limit=EXPORTED_AT_ONCE):
            yield page
            after = page[-1].id

    async def newest(self, wanted: Wanted, *, limit: int) -> list[AnyEntry]:
        """The last `limit` matching entries, oldest first, what still runs among them."""
        held = self.journal.held()
        found = [each for each in held.values() if wanted.matches(each)]
        if len(found) < limit and self.keeper.rows:
            first = self.journal.first_id
            stored = await self.database.read(
                lambda session: repository.newest(session, wanted, from_id=first, limit=limit)
            )
            found += [each for each in stored if each.id not in held]
        return sorted(found, key=_number)[-limit:]


def _number(entry: AnyEntry) -> int:
    return entry.id
