"""SQLite's one writer: many waiting jobs share one fsync, and one fault of the disk is told to all of them."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from shared.database import Database, DatabaseUnavailable, open_database
from shared.database.sqlite import GROUP_LIMIT, SqliteBackend
from tests.integration.shared.notes import note, numbers


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    opened = open_database(sqlite_url)
    yield opened
    await opened.close()


def backend(database: Database) -> SqliteBackend:
    assert isinstance(database._backend, SqliteBackend)
    return database._backend


@contextlib.contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """Every statement that SQLite runs on connections opened from now on."""
    seen: list[str] = []
    engine = backend(database)._engine
    engine.dispose()

    def trace(connection: Any, _record: object) -> None:
        connection.set_trace_callback(seen.append)

    sa.event.listen(engine, "connect", trace)
    yield seen
    sa.event.remove(engine, "connect", trace)


@pytest.mark.parametrize("writers", [10, 200])
async def test_concurrent_writes_share_commits(database: Database, writers: int) -> None:
    with statements_of(database) as statements:
        await asyncio.gather(*(database.write(note(number)) for number in range(writers)))
    commits = statements.count("COMMIT")
    assert 1 <= commits <= writers / GROUP_LIMIT + 2
    assert await database.read(numbers) == list(range(writers))


async def test_writes_one_after_the_other_are_each_on_disk_when_answered(database: Database) -> None:
    with statements_of(database) as statements:
        for number in range(5):
            await database.write(note(number))
            assert statements.count("COMMIT") == number + 1


async def test_every_connection_is_fsynced_and_checks_foreign_keys(database: Database) -> None:
    def settings(session: Session) -> list[Any]:
        connection = session.connection()
        names = ("synchronous", "journal_mode", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    assert await database.write(settings) == [2, "wal", 1]
    assert await database.read(settings) == [2, "wal", 1]


class BrokenDisk(sqlite3.Connection):
    """Fails its next commits as a disk that can't fsync."""

    broken = False

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        if self.broken and arguments[0] == "COMMIT":
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(*arguments)


async def test_a_commit_that_fails_is_told_to_all_and_stores_nothing(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3.dbapi2, "connect", lambda *a, **k: real(*a, **k, factory=BrokenDisk))
    database = open_database(sqlite_url)
    await database.write(note(1))
    monkeypatch.setattr(BrokenDisk, "broken", True)
    outcomes = await asyncio.gather(
        *(database.write(note(number)) for number in range(2, 8)), return_exceptions=True
    )
    assert all(isinstance(each, DatabaseUnavailable) for each in outcomes), outcomes
    assert await database.read(numbers) == [1]
    monkeypatch.setattr(BrokenDisk, "broken", False)
    assert await database.write(note(2)) == 2
    assert await database.read(numbers) == [1, 2]
    await database.close()


async def test_a_full_disk_is_told_to_all_and_leaves_nothing_half(sqlite_url: str) -> None:
    database = open_database(sqlite_url)

    def limit(session: Session, spare: int) -> None:
        connection = session.connection()
        used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={used + spare}")

    await database.write(note(1))
    await database.write(lambda session: limit(session, 2))
    big = "x" * 100_000
    outcomes = await asyncio.gather(
        *(database.write(note(number, big)) for number in range(2, 12)), return_exceptions=True
    )
    stored = set(await database.read(numbers))
    assert stored == {1} | {each for each in outcomes if isinstance(each, int)}
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert len(refused) == 10 and all(isinstance(each, DatabaseUnavailable) for each in refused), outcomes

    await database.write(lambda session: limit(session, 1_000_000))
    assert await database.write(note(2, big)) == 2
    assert await database.read(numbers) == [1, 2]
    await database.close()


async def test_a_file_that_can_not_be_opened_is_unavailable_and_not_a_hang(tmp_path: Any) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'missing' / 'x.db'}")
    outcomes = await asyncio.gather(
        database.write(note(1)), database.write(note(2)), database.read(numbers), return_exceptions=True
    )
    assert all(isinstance(each, DatabaseUnavailable) for each in outcomes)
    await database.close()
