"""The alembic environment that each service's `migrations/env.py` calls with its metadata."""

import asyncio

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

from shared.database import sqlite_engine


def run(metadata: sa.MetaData) -> None:
    """Run the migrations against the configured URL."""
    url = sa.make_url(context.config.get_main_option("sqlalchemy.url") or "")
    if url.get_backend_name() == "sqlite":
        engine = sqlite_engine(url)
        with engine.connect() as connection:
            _migrate(connection, metadata)
        engine.dispose()
    else:
        asyncio.run(_migrate_async(url, metadata))


async def _migrate_async(url: sa.URL, metadata: sa.MetaData) -> None:
    engine = create_async_engine(url, poolclass=sa.pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate, metadata)
    await engine.dispose()


def _migrate(connection: sa.Connection, metadata: sa.MetaData) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
