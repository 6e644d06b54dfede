"""The heartbeat, on both databases: which stop was a power cut, and what replicas of one host make of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.enrolment_api.link import service
from shared.database import Database, open_database

NINE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIMES = 20
"""How often two replicas start at once: it takes a race to see what is wrong with it."""


@pytest.fixture
async def replicas(database_url: str) -> AsyncIterator[list[Database]]:
    """Two of them, on one database."""
    opened = [open_database(database_url) for _ in range(2)]
    yield opened
    for each in opened:
        await each.close()


async def notice(database: Database, node: str, now: datetime) -> bool:
    return await database.write(lambda session: service.notice_power_cut(session, node=node, now=now))


async def beat(database: Database, node: str, now: datetime, *, stopped: bool = False) -> None:
    await database.write(lambda session: service.beat(session, node=node, now=now, stopped=stopped))


@pytest.mark.parametrize(
    ("stopped", "later", "cut"),
    [(False, HOUR, True), (True, HOUR, False), (False, timedelta(seconds=30), False)],
    ids=["without a goodbye", "in order", "for a moment"],
)
async def test_a_node_that_stopped(
    replicas: list[Database], *, stopped: bool, later: timedelta, cut: bool
) -> None:
    database = replicas[0]
    assert await notice(database, "front-desk", NINE) is False, "the first start of all"
    await beat(database, "front-desk", NINE, stopped=stopped)
    assert await notice(database, "front-desk", NINE + later) is cut
    assert await notice(database, "front-desk", NINE + later) is False, "it is noticed once"


async def test_replicas_of_one_host_that_start_at_once_both_start(replicas: list[Database]) -> None:
    """Seed 1093 of a soak: the second met the first one's row and ended before it was ready."""
    for number in range(TIMES):
        node = f"host-{number}"
        found = await asyncio.gather(*(notice(each, node, NINE) for each in replicas))
        assert found == [False, False]


async def test_replicas_of_one_host_tell_a_power_cut_once(replicas: list[Database]) -> None:
    for number in range(TIMES):
        node = f"host-{number}"
        await notice(replicas[0], node, NINE)
        found = await asyncio.gather(*(notice(each, node, NINE + HOUR) for each in replicas))
        assert sorted(found) == [False, True]
