"""Keys for the session, a small app on SQLite."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from fastapi import FastAPI
from structlog.typing import EventDict

from shared.keys import create_keys
from tests.integration.shared.notes import create_tables
from tests.unit.shared.small_app import client_of, small_app


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    create_keys(directory, demo=False)
    return directory


@pytest.fixture
async def app(tmp_path: Path, keys_dir: Path) -> FastAPI:
    url = f"sqlite:///{tmp_path / 'small.db'}"
    await create_tables(url)
    return small_app(tmp_path, url, keys_dir)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as opened:
        yield opened


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[EventDict]]:
    """What was logged, unrendered: a traceback on a terminal takes seconds."""
    with structlog.testing.capture_logs() as entries:
        yield entries
