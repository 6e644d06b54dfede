"""Keys, and both databases to run on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.keys import create_keys
from shared.testing.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    create_keys(directory, demo=False)
    return directory


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'enrolment.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh_database()
