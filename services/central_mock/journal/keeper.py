"""Takes the journal to disk, a batch or more twice a second, off every request's path.

A kill -9 loses what ended since the last batch: at most `WRITES_EVERY` seconds and the time of one commit. What
has been running that long is written too, so that a request that was cut short by the kill is seen as such.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlmodel import Session

from services.central_mock.journal import repository
from services.central_mock.journal.domain import AnyEntry
from services.central_mock.journal.journal import Journal
from services.central_mock.journal.rows import row_of
from services.central_mock.orders import find_order, give_order
from shared.clock import Clock
from shared.database import Database, DatabaseUnavailable

log = structlog.get_logger()

WRITES_EVERY = 0.5
"""Real seconds."""
BATCH = 1000
"""Entries in one row of the table: they are packed in the event loop, which stands still for some 2 ms meanwhile."""
SLACK = 1.05
"""Entries are deleted when there are so many times the bound, and a batch more: seldom, and many at once."""
NUMBERS = "journal_numbers"
RESERVED_AT_ONCE = 100_000


class JournalKeeper:
    """One per centre; `load` before the first request, `run` for the life of the service."""

    def __init__(self, journal: Journal, database: Database, clock: Clock, *, most: int) -> None:
        self._journal = journal
        self._database = database
        self._clock = clock
        self._most = most
        self._reserved = 0
        self._running_written: set[int] = set()
        self._forgotten = 1
        self._one_at_a_time = asyncio.Lock()
        self._failing = False
        self.rows = 0
        """Entries on disk, as far as it is known; what was written while it ran counts twice."""

    async def load(self) -> None:
        """Go on with numbers that no process before has used, so that cursors stay good over a kill -9."""
        order, self.rows = await self._database.read(
            lambda session: (find_order(session, NUMBERS), repository.count(session))
        )
        first = int(order.value["reserved"]) + 1 if order else 1
        self._journal.first_id = int(order.value["first_id"]) if order else 1
        self._forgotten = self._journal.first_id
        self._journal.number_from(first)
        await self._reserve(first)

    async def _reserve(self, after: int) -> None:
        reserved, first_id, now = after + RESERVED_AT_ONCE, self._journal.first_id, self._clock.now()
        await self._database.write(lambda session: _reserve(session, reserved, first_id, now))
        self._reserved = reserved

    async def run(self) -> None:
        """Write for ever; a database that is away is tried again, and what waits meanwhile is bounded."""
        while True:
            await asyncio.sleep(WRITES_EVERY)
            try:
                await self.flush()
            except DatabaseUnavailable as error:
                if not self._failing:
                    log.error("journal.not_written", waiting=len(self._journal.unwritten), reason=str(error))
                self._failing = True
            else:
                self._failing = False

    async def stop(self) -> None:
        """The last batch, with what still runs as it stands."""
        with suppress(DatabaseUnavailable):
            await self.flush()

    async def flush(self) -> None:
        """Bring everything that has ended to disk. Raises DatabaseUnavailable."""
        async with self._one_at_a_time:
            journal = self._journal
            await self._forget()
            if journal.last_number + RESERVED_AT_ONCE // 2 > self._reserved:
                await self._reserve(journal.last_number)
            upto = journal.last_seq
            while journal.unwritten and (journal.unwritten[0].seq or 0) <= upto:
                await self._write_ended()
            await self._write_running()
            await self._make_room()

    async def _write_ended(self) -> None:
        journal = self._journal
        taken = journal.being_written = [
            journal.unwritten.popleft() for _ in range(min(BATCH, len(journal.unwritten)))
        ]
        try:
            await self._write(taken)
        except BaseException:
            journal.unwritten.extendleft(reversed(taken))
            raise
        finally:
            journal.being_written = []
        self._running_written.difference_update(each.id for each in taken)

    async def _write_running(self) -> None:
        before = time.perf_counter() - WRITES_EVERY
        running = [
            each
            for each in self._journal.open.values()
            if each.began < before
            and each.id >= self._journal.first_id
            and each.id not in self._running_written
        ][:BATCH]
        if running:
            await self._write(running)
            self._running_written.update(each.id for each in running)

    async def _write(self, entries: Sequence[AnyEntry]) -> None:
        self._journal.settle()
        rows = [row_of(each) for each in entries]
        await self._database.write(lambda session: repository.write(session, rows))
        self.rows += len(rows)

    async def _forget(self) -> None:
        """After a reset."""
        first_id = self._journal.first_id
        if first_id == self._forgotten:
            return
        await self._reserve(self._journal.last_number)
        await self._database.write(lambda session: repository.delete_before(session, first_id))
        self._forgotten = first_id
        self.rows = await self._database.read(repository.count)

    async def _make_room(self) -> None:
        if self.rows <= max(self._most * SLACK, self._most + BATCH):
            return
        while too_many := self.rows - self._most:
            deleted = await self._database.write(partial(repository.delete_oldest, n=too_many))
            self.rows -= deleted
            if not deleted:  # the next batch is bigger than what is too many
                self.rows = await self._database.read(repository.count)
                return


def _reserve(session: Session, reserved: int, first_id: int, now: datetime) -> None:
    value: dict[str, Any] = {"reserved": reserved, "first_id": first_id}
    give_order(session, name=NUMBERS, value=value, at=now, by="journal")
