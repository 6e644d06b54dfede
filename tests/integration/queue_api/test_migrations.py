"""The migrations make exactly what the models say."""

import asyncio
import warnings

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from services.queue_api.registry import QueueModel
from shared.database import sqlite_engine
from shared.migrations import sync_url


def differences(connection: sa.Connection) -> list[object]:
    with warnings.catch_warnings():
        # the index of the line is ordered by an expression, which SQLite's reflection reads wrongly
        warnings.filterwarnings("ignore", message=".*line_in_order.*")
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_object": lambda _, name, *_more: name != "line_in_order"},
        )
        return list(compare_metadata(context, QueueModel.metadata))


def test_the_database_is_what_the_models_say(database_url: str) -> None:
    url = sync_url(database_url)
    if url.get_backend_name() == "sqlite":
        with sqlite_engine(url).connect() as connection:
            assert differences(connection) == []
    else:
        assert asyncio.run(_differences_async(url)) == []


def test_the_line_is_walked_in_the_order_of_its_index(database_url: str) -> None:
    url = sync_url(database_url)
    if url.get_backend_name() == "sqlite":
        with sqlite_engine(url).connect() as connection:
            found = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = 'line_in_order'"))
            assert "interrupted DESC, place, id" in found.scalar_one()


async def _differences_async(url: sa.URL) -> list[object]:
    engine = create_async_engine(url, poolclass=sa.pool.NullPool)
    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    await engine.dispose()
    return found
