"""A lease has one holder at a time, on both databases."""

import asyncio

from shared.database import Database
from shared.leases import drop_lease, take_lease
from shared.testing.waiting import eventually


async def take(database: Database, holder: str, seconds: float = 30) -> bool:
    return await database.write(
        lambda session: take_lease(session, name="probe", holder=holder, seconds=seconds)
    )


async def test_of_twenty_takers_at_once_one_gets_it(database: Database) -> None:
    taken = await asyncio.gather(*(take(database, f"replica-{number}") for number in range(20)))
    assert taken.count(True) == 1


async def test_the_holder_renews_and_nobody_else_gets_in_between(database: Database) -> None:
    assert await take(database, "a")
    assert await take(database, "a")
    assert not await take(database, "b")


async def test_one_that_is_given_back_or_runs_out_is_free(database: Database) -> None:
    assert await take(database, "a")
    await database.write(lambda session: drop_lease(session, name="probe", holder="b"))
    assert not await take(database, "b"), "only the holder can give it back"
    await database.write(lambda session: drop_lease(session, name="probe", holder="a"))
    assert await take(database, "b", seconds=0.05)
    await eventually(lambda: take(database, "c"))
