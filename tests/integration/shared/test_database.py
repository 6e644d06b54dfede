"""What both databases promise a use case."""

import asyncio
import contextlib
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from shared.database import Database, DatabaseUnavailable, open_database
from shared.tables import lease
from tests.integration.shared.notes import Note, failing_after, note, numbers


async def test_a_write_is_there_after_it_was_answered(database: Database) -> None:
    assert await database.write(note(1)) == 1
    assert await database.read(numbers) == [1]


@pytest.mark.parametrize("error", [ValueError("no"), KeyError("k"), StopIteration()])
async def test_a_failing_job_undoes_its_own_writes_alone(database: Database, error: BaseException) -> None:
    jobs = [database.write(note(1)), database.write(failing_after(2, error)), database.write(note(3))]
    first, failed, third = await asyncio.gather(*jobs, return_exceptions=True)
    assert (first, third) == (1, 3)
    assert isinstance(failed, type(error) if not isinstance(error, StopIteration) else RuntimeError)
    assert await database.read(numbers) == [1, 3]


async def test_a_unique_key_that_is_taken_fails_the_second_and_nobody_else(database: Database) -> None:
    outcomes = await asyncio.gather(
        *(database.write(note(number)) for number in (1, 2, 2, 3)), return_exceptions=True
    )
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert len(refused) == 1 and isinstance(refused[0], sa.exc.IntegrityError)
    assert await database.read(numbers) == [1, 2, 3]


async def test_a_use_case_may_try_and_go_back_within_itself(database: Database) -> None:
    await database.write(note(1))

    def try_twice(session: Session) -> None:
        session.add(Note(id=2))
        with contextlib.suppress(sa.exc.IntegrityError), session.begin_nested():
            session.add(Note(id=1))
            session.flush()
        session.add(Note(id=3))

    await database.write(try_twice)
    assert await database.read(numbers) == [1, 2, 3]


async def test_a_read_does_not_see_what_is_not_committed(database: Database) -> None:
    seen_inside: list[list[int]] = []

    def store_and_look(session: Session) -> None:
        session.add(Note(id=1))
        session.flush()
        seen_inside.append(numbers(session))

    reading = asyncio.create_task(database.read(numbers))
    await database.write(store_and_look)
    assert seen_inside == [[1]]
    assert await reading in ([], [1])

    async def fail() -> None:
        with pytest.raises(ValueError):
            await database.write(failing_after(2, ValueError()))

    await asyncio.gather(fail(), *(database.read(numbers) for _ in range(10)))
    assert await database.read(numbers) == [1]


async def test_what_a_read_writes_is_not_kept(database: Database) -> None:
    def store(session: Session) -> None:
        session.add(Note(id=1))
        session.flush()

    await database.read(store)
    assert await database.read(numbers) == []


async def test_who_is_told_of_a_commit_hears_of_it_once_and_never_of_a_failure(database: Database) -> None:
    heard: list[str] = []
    database.on_commit(lambda info: heard.append(info["what"]))

    def tell(session: Session) -> None:
        session.info["what"] = "stored"
        session.add(Note(id=1))

    def fail(session: Session) -> None:
        session.info["what"] = "never"
        raise ValueError

    await database.write(tell)
    with pytest.raises(ValueError):
        await database.write(fail)
    await database.write(note(2))
    assert heard == ["stored"]


async def test_a_caller_that_went_away_leaves_the_others_alone(database: Database) -> None:
    jobs = [asyncio.create_task(database.write(note(number))) for number in range(1, 21)]
    await asyncio.sleep(0)
    for job in jobs[::2]:
        job.cancel()
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    kept = {each for each in outcomes if isinstance(each, int)}
    assert kept >= set(range(2, 21, 2))
    assert kept <= set(await database.read(numbers))


async def test_closing_lets_the_waiting_finish_and_refuses_the_late(database_url: str) -> None:
    database = open_database(database_url)
    jobs = [asyncio.create_task(database.write(note(number))) for number in range(1, 11)]
    if database.dialect == "postgresql":  # its transactions are the requests', which end before the close
        await asyncio.gather(*jobs)
    await asyncio.sleep(0)
    await database.close()
    assert sorted(await asyncio.gather(*jobs)) == list(range(1, 11))
    if database.dialect == "sqlite":
        for late in (database.write(note(99)), database.read(lambda session: 0)):
            with pytest.raises(DatabaseUnavailable):
                await late
    again = open_database(database_url)
    assert await again.read(numbers) == list(range(1, 11))
    await again.close()


async def test_naive_times_are_refused(database: Database) -> None:
    naive = datetime(2016, 9, 16, 7, 30)  # noqa: DTZ001  # that is what is refused

    def store(session: Session) -> None:
        session.connection().execute(sa.insert(lease), {"name": "x", "holder": "y", "until": naive})

    with pytest.raises(sa.exc.StatementError, match="naive"):
        await database.write(store)
