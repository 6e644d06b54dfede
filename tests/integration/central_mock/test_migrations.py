"""The migrations make what the models say, on both databases."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from services.central_mock.orders import StandingOrder
from services.central_mock.registry import CentreModel
from services.central_mock.runtime import CentreRuntime
from shared.database import sqlite_engine

# Importing the service is what fills the metadata.
TABLES = (StandingOrder, CentreRuntime)


def difference(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, CentreModel.metadata))


async def test_the_migrated_schema_is_the_models_schema(database_url: str) -> None:
    url = sa.make_url(database_url)
    if url.get_backend_name() == "sqlite":
        engine = sqlite_engine(url)
        with engine.connect() as connection:
            assert difference(connection) == []
        engine.dispose()
        return
    async_engine = create_async_engine(url)
    async with async_engine.connect() as async_connection:
        assert await async_connection.run_sync(difference) == []
    await async_engine.dispose()
