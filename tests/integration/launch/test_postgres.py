"""The tests' own PostgreSQL: every caller gets an empty database, and databases that are missing are made."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from services.ektp.setup.databases import migrate_all
from shared.testing.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running_postgres() as started:
        yield started


async def tables(url: str) -> set[str]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: set(sa.inspect(sync).get_table_names()))
    await engine.dispose()
    return names


async def test_every_call_gives_another_empty_database(server: PostgresServer) -> None:
    first, second = server.fresh_database(), server.fresh_database()
    server.psql("CREATE TABLE taken (id integer)", database=str(make_url(first).database))
    assert await tables(first) == {"taken"}
    assert await tables(second) == set()


def test_set_up_makes_a_missing_database_and_migrates_it_once_or_twice(server: PostgresServer) -> None:
    url = (
        make_url(server.fresh_database()).set(database="made by set-up").render_as_string(hide_password=False)
    )
    for _ in range(2):
        migrate_all({"enrolment_api": url})
    version = server.psql("SELECT count(*) FROM alembic_version", database="made by set-up")
    assert version.strip() == "1"
