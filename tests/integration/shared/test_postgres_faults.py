"""PostgreSQL's own faults: deadlocks are tried again, a server that went is told as such and found again."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from shared.database import Database, DatabaseUnavailable, connection_of, open_database
from shared.database import postgres as postgres_module
from shared.testing.postgres import running_postgres
from shared.testing.waiting import eventually
from tests.integration.shared.notes import create_tables, note, numbers

TOUCH = sa.text("UPDATE note SET text = text || 'x' WHERE id = :id")


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    opened = open_database(postgres_url)
    yield opened
    await opened.close()


async def test_the_loser_of_a_deadlock_runs_again(database: Database) -> None:
    for number in (1, 2):
        await database.write(note(number))
    runs: list[tuple[int, int]] = []
    both_hold_one = asyncio.Barrier(2)

    async def cross(first: int, second: int) -> None:
        def work(session: Session) -> None:
            runs.append((first, second))
            connection = connection_of(session)
            connection.execute(TOUCH, {"id": first})
            if runs.count((first, second)) == 1:
                sa.util.await_only(both_hold_one.wait())
            connection.execute(TOUCH, {"id": second})

        await database.write(work)

    await asyncio.gather(cross(1, 2), cross(2, 1))
    assert len(runs) == 3, "one of them lost once and ran again"
    texts = await database.read(
        lambda session: list(connection_of(session).execute(sa.text("SELECT text FROM note")).scalars())
    )
    assert texts == ["xx", "xx"]


async def test_one_that_always_loses_is_told_that_the_database_can_not_now(database: Database) -> None:
    runs: list[int] = []

    def always_deadlocked(session: Session) -> None:
        runs.append(1)
        raise_deadlock = "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$"
        connection_of(session).execute(sa.text(raise_deadlock))

    with pytest.raises(DatabaseUnavailable):
        await database.write(always_deadlocked)
    assert len(runs) == postgres_module.DEADLOCK_ATTEMPTS


@pytest.mark.parametrize("state", ["53100", "53300", "57P01", "58030"])
async def test_a_server_in_trouble_is_unavailable(database: Database, state: str) -> None:
    def trouble(session: Session) -> None:
        connection_of(session).execute(
            sa.text(f"DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '{state}'; END $$")
        )

    with pytest.raises(DatabaseUnavailable):
        await database.write(trouble)
    with pytest.raises(DatabaseUnavailable):
        await database.read(trouble)
    assert await database.write(note(1)) == 1


async def test_a_mistake_of_ours_is_not_called_an_outage(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        await database.write(lambda session: connection_of(session).execute(sa.text("SELECT nonsense")))


async def test_a_killed_connection_is_unavailable_and_the_next_request_works(database: Database) -> None:
    def kill_own_backend(session: Session) -> None:
        connection_of(session).execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
        connection_of(session).execute(sa.text("SELECT 1"))

    with pytest.raises(DatabaseUnavailable):
        await database.write(kill_own_backend)
    assert await database.write(note(1)) == 1
    assert await database.read(numbers) == [1]


async def test_no_server_is_unavailable_and_it_is_found_again_when_it_is_back() -> None:
    with running_postgres() as own:
        url = own.fresh_database()
        await create_tables(url)
        database = open_database(url)
        await database.write(note(1))
        own.node.kill()
        for attempt in (database.write(note(2)), database.read(numbers)):
            with pytest.raises(DatabaseUnavailable):
                await attempt
        await own.node.start()

        async def works() -> bool:
            try:
                return await database.write(note(3)) == 3
            except DatabaseUnavailable:
                return False

        await eventually(works, within=30)
        assert await database.read(numbers) == [1, 3]
        await database.close()
