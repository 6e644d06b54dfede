"""enrolment_api in this process, on both databases, with no broker and no centre: it does its whole job without."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from services.enrolment_api.app import create_app
from services.enrolment_api.runtime import EnrolmentRuntime
from services.enrolment_api.settings import EnrolmentSettings
from shared.keys import create_keys
from shared.migrations import migrate
from shared.testing.ports import free_port
from shared.testing.postgres import PostgresServer, running_postgres
from tests.integration.enrolment_api.desk import Desk


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment's keys."""
    directory = tmp_path_factory.mktemp("keys")
    create_keys(directory, demo=False)
    return directory


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the session."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file made by the migrations; each test has its own copy."""
    path = tmp_path_factory.mktemp("migrated") / "enrolment.db"
    migrate("enrolment_api", f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresServer) -> str:
    """The URL of a PostgreSQL database made by the migrations; each test has its own copy."""
    url = postgres.fresh_database()
    migrate("enrolment_api", url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind, as the migrations make it."""
    if request.param == "sqlite":
        copy = shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "enrolment.db")
        return f"sqlite:///{copy}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.copy_of(request.getfixturevalue("migrated_template"))


@pytest.fixture
def settings(database_url: str, keys: Path, tmp_path: Path) -> EnrolmentSettings:
    """Nobody listens where the broker and the centre should be."""
    return EnrolmentSettings(
        home=tmp_path,
        keys_dir=keys,
        database_url=SecretStr(database_url),
        broker_url=SecretStr(f"amqp://guest:guest@127.0.0.1:{free_port()}/"),
        central_url=f"http://127.0.0.1:{free_port()}",
    )


@pytest.fixture
async def app(settings: EnrolmentSettings) -> AsyncIterator[FastAPI]:
    """The running app."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def runtime(app: FastAPI) -> EnrolmentRuntime:
    """What the app holds."""
    return cast(EnrolmentRuntime, app.state.runtime)


@pytest.fixture
async def desk(app: FastAPI, keys: Path) -> AsyncIterator[Desk]:
    """An officer of Ngargoyoso."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://enrolment.test") as http:
        yield Desk(http, keys)
