"""Databases of both kinds with the shared tables and one of the tests' own; one PostgreSQL for the session."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from structlog.typing import EventDict

from shared.database import Database, open_database
from shared.testing.postgres import PostgresServer, running_postgres
from tests.integration.shared.notes import create_tables


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database with the tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'notes.db'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.fresh_database()
    asyncio.run(create_tables(url))
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'notes.db'}"
    asyncio.run(create_tables(url))
    return url


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    url = postgres.fresh_database()
    asyncio.run(create_tables(url))
    return url


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """What was logged, unrendered: a traceback on a terminal takes seconds."""
    with structlog.testing.capture_logs() as entries:
        yield entries
