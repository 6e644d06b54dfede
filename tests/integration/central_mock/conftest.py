"""The centre in this process, on real sockets and both databases; and as a process of its own where that matters."""

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from services.central_mock.app import build_runtime
from services.central_mock.runtime import CentreRuntime
from services.central_mock.server import CentreServer
from services.central_mock.settings import CentreSettings
from shared.keys import create_keys
from shared.migrations import migrate
from shared.security import sign_token
from shared.testing.ports import free_ports
from shared.testing.postgres import PostgresServer, running_postgres
from tests.integration.central_mock.office import RawConnection, Sender


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
    path = tmp_path_factory.mktemp("migrated") / "central.db"
    migrate("central_mock", f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_template(postgres: PostgresServer) -> str:
    """The URL of a PostgreSQL database made by the migrations; each test has its own copy."""
    url = postgres.fresh_database()
    migrate("central_mock", url)
    return url


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """A SQLite database as the migrations make it."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'central.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of each kind, as the migrations make it."""
    if request.param == "sqlite":
        return cast(str, request.getfixturevalue("sqlite_url"))
    return cast(PostgresServer, request.getfixturevalue("postgres")).copy_of(
        request.getfixturevalue("migrated_template")
    )


@dataclass
class RunningCentre:
    """A centre that serves, and clients of both its ports."""

    runtime: CentreRuntime
    server: CentreServer
    port: int
    api: httpx.AsyncClient
    control: httpx.AsyncClient
    office: Sender
    wires: list[RawConnection] = field(default_factory=list)

    async def connect(self) -> RawConnection:
        """A bare socket to the centre, closed when the test ends."""
        self.wires.append(await RawConnection.open(self.port))
        return self.wires[-1]

    async def offline(self, mode: str, **more: Any) -> dict[str, Any]:
        """As ops do it."""
        answer = await self.control.post("/control/v1/offline", json={"mode": mode, **more})
        assert answer.status_code == 200, answer.text
        return cast(dict[str, Any], answer.json())

    async def online(self) -> None:
        """As ops do it."""
        assert (await self.control.post("/control/v1/online")).status_code == 200

    async def decide_at_once(self, **policy: Any) -> None:
        """Let the uniqueness check wait for nothing."""
        policy = {"delay_seconds": 0, "adjudication_seconds": 0} | policy
        assert (await self.control.put("/control/v1/uniqueness", json=policy)).status_code == 200

    async def journal(self, **wanted: Any) -> list[dict[str, Any]]:
        """Matching entries."""
        answer = await self.control.get("/control/v1/journal", params=wanted)
        assert answer.status_code == 200, answer.text
        return cast(list[dict[str, Any]], answer.json()["items"])

    async def verify(self, **believed: Any) -> dict[str, Any]:
        """What the centre says of a belief."""
        answer = await self.control.post("/control/v1/verify", json=believed)
        assert answer.status_code == 200, answer.text
        return cast(dict[str, Any], answer.json())


async def running(keys: Path, url: str, tmp_path: Path, **settings: Any) -> AsyncIterator[RunningCentre]:
    """A centre on free ports for as long as the iterator lives."""
    port, control_port = free_ports(2)
    runtime = build_runtime(
        CentreSettings(
            home=tmp_path,
            keys_dir=keys,
            central_database_url=SecretStr(url),
            port=port,
            control_port=control_port,
            broker_url=SecretStr("amqp://nobody"),
            **settings,
        )
    )
    server = CentreServer(runtime)
    await server.start()
    token = sign_token(keys, subject="ops", roles=["ops"], offices=[], lifetime=600)
    try:
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as api,
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{control_port}",
                headers={"Authorization": f"Bearer {token}"},
                timeout=20,
            ) as control,
        ):
            centre = RunningCentre(runtime, server, port, api, control, Sender(keys, api))
            yield centre
            for wire in centre.wires:
                wire.close()
    finally:
        server.stop()
        await server.ended()


@pytest.fixture
async def centre(keys: Path, sqlite_url: str, tmp_path: Path) -> AsyncIterator[RunningCentre]:
    """A centre on SQLite."""
    async for each in running(keys, sqlite_url, tmp_path):
        yield each


@pytest.fixture
async def any_centre(keys: Path, database_url: str, tmp_path: Path) -> AsyncIterator[RunningCentre]:
    """A centre on each database."""
    async for each in running(keys, database_url, tmp_path):
        yield each
