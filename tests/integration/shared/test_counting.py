"""Numbers are taken without gaps, whoever else takes them and whatever is undone, on both databases."""

import asyncio

import pytest
from sqlmodel import Session

from shared.counting import Count
from shared.database import Database
from shared.tables import event_sequence

COUNT = Count(event_sequence)


async def test_every_key_counts_from_one(database: Database) -> None:
    taken = [await _take(database, subject) for subject in "aabab"]
    assert taken == [1, 2, 1, 3, 2]


async def test_nobody_gets_a_number_twice(database: Database) -> None:
    taken = await asyncio.gather(*(_take(database, "a") for _ in range(40)))
    assert sorted(taken) == list(range(1, 41))


async def test_a_number_that_was_undone_is_given_again(database: Database) -> None:
    def fail(session: Session) -> None:
        COUNT.next(session, {"subject": "a"})
        raise ValueError("after all not")

    await _take(database, "a")
    with pytest.raises(ValueError, match="after all not"):
        await database.write(fail)
    assert await _take(database, "a") == 2


async def _take(database: Database, subject: str) -> int:
    return await database.write(lambda session: COUNT.next(session, {"subject": subject}))
