"""The centre as a process of its own: killed, stopped, started again, in production."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.security import sign_token
from shared.testing.ports import free_ports
from shared.testing.waiting import eventually, wait_until
from tests.integration.central_mock.office import RawConnection, Sender

ROOT = Path(__file__).parents[3]
STARTS_WITHIN = 60.0


class CentreProcess:
    """`python -m services.central_mock` with an environment of its own."""

    def __init__(self, keys: Path, url: str, home: Path, **settings: str) -> None:
        self.port, self.control_port = free_ports(2)
        self._log = home / "centre.log"
        self._environment = dict(os.environ) | {
            "EKTP_HOME": str(home),
            "KEYS_DIR": str(keys),
            "CENTRAL_DATABASE_URL": url,
            "CENTRAL_PORT": str(self.port),
            "CENTRAL_CONTROL_PORT": str(self.control_port),
            **settings,
        }
        token = sign_token(keys, subject="ops", roles=["ops"], offices=[], lifetime=600)
        self.control = httpx.Client(
            base_url=f"http://127.0.0.1:{self.control_port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log.read_text()

    def start(self) -> None:
        """Start, and wait until the console answers."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.central_mock"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._ready, within=STARTS_WITHIN, saying="the centre is ready")

    def _ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(self.log)
        try:
            return self.control.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def end(self, how: signal.Signals) -> float:
        """Send the signal; the seconds until the process was gone."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(20)
        return time.monotonic() - began


@pytest.fixture
def process(keys: Path, sqlite_url: str, tmp_path: Path) -> Iterator[CentreProcess]:
    """A centre that is up."""
    with running_process(CentreProcess(keys, sqlite_url, tmp_path)) as centre:
        yield centre


@pytest.fixture
def any_process(keys: Path, database_url: str, tmp_path: Path) -> Iterator[CentreProcess]:
    """A centre that is up, on each database."""
    with running_process(CentreProcess(keys, database_url, tmp_path)) as centre:
        yield centre


@contextlib.contextmanager
def running_process(centre: CentreProcess) -> Iterator[CentreProcess]:
    try:
        centre.start()
        yield centre
    finally:
        centre.control.close()
        if centre.process is not None and centre.process.poll() is None:
            centre.process.kill()
            centre.process.wait(10)


async def test_what_was_answered_is_there_after_kill_9(any_process: CentreProcess, keys: Path) -> None:
    process = any_process
    async with httpx.AsyncClient(base_url=process.url, timeout=20) as client:
        office = Sender(keys, client)
        records = [office.prepare(nik=f"331307570899{serial:04d}") for serial in range(20)]
        receipts = {}
        for record in records[:10]:
            receipts[record.key] = (await office.post(record)).json()

        process.end(signal.SIGKILL)
        process.start()

        for record in records[:10]:
            assert (await client.get(f"/central/v1/records/{record.key}")).json() == receipts[record.key]
            assert (await office.post(record)).status_code == 200
        assert (await office.post(records[10])).status_code == 201
    answer = process.control.post("/control/v1/verify", json={"keys": [each.key for each in records[:11]]})
    assert answer.json()["ok"]


async def test_a_fault_outlives_kill_9_and_the_start_says_so(process: CentreProcess) -> None:
    process.control.post("/control/v1/offline", json={"mode": "REFUSE", "for": "PT2H"})

    process.end(signal.SIGKILL)
    process.start()

    with pytest.raises(ConnectionRefusedError):
        await RawConnection.open(process.port)
    state = process.control.get("/control/v1/state").json()
    assert state["restored"].startswith("REFUSE for another 7")
    assert 7000 < state["fault"]["seconds_left"] <= 7200
    assert "fault.restored" in process.log


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_within_three_seconds_with_hanging_clients(
    process: CentreProcess, keys: Path, how: signal.Signals
) -> None:
    process.control.post("/control/v1/offline", json={"mode": "HANG"})
    async with httpx.AsyncClient(base_url=process.url) as client:
        record = Sender(keys, client).prepare()
    idle, hanging = await RawConnection.open(process.port), await RawConnection.open(process.port)
    await hanging.send(record.raw_request())
    await eventually(lambda: process.control.get("/control/v1/state").json()["open_connections"] == 2)
    with process.control.stream("GET", "/control/v1/stream") as stream:
        assert next(stream.iter_lines()) == ": following"
        assert process.end(how) < 3
    for wire in (idle, hanging):
        wire.close()
    assert process.process is not None
    assert process.process.returncode == 0
    assert "Traceback" not in process.log


def test_in_production_there_is_health_and_no_console(keys: Path, sqlite_url: str, tmp_path: Path) -> None:
    centre = CentreProcess(keys, sqlite_url, tmp_path, EKTP_PROFILE="production")
    with running_process(centre):
        for method, path in (
            ("POST", "/control/v1/offline"), ("GET", "/control/v1/state"), ("PUT", "/control/v1/clock"),
            ("POST", "/control/v1/reset"), ("GET", "/control/v1/journal"), ("GET", "/control/v1/faults"),
            ("DELETE", "/control/v1/faults"), ("POST", "/control/v1/replay"), ("GET", "/control/v1/audit"),
        ):  # fmt: skip
            assert centre.control.request(method, path, json={"mode": "HANG"}).status_code == 404
        assert "console.refused" in centre.log


def test_a_port_that_is_taken_is_said_and_ends_the_process(
    process: CentreProcess, keys: Path, sqlite_url: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    second = CentreProcess(keys, sqlite_url, other)
    second._environment["CENTRAL_PORT"] = str(process.port)
    with pytest.raises(RuntimeError, match=r"(?i)in use"), running_process(second):
        pass


def test_the_console_is_for_ops_only(process: CentreProcess, keys: Path) -> None:
    officer = sign_token(keys, subject="officer", roles=["officer"], offices=["33.13.07"], lifetime=60)
    for path in ("/control/v1/state", "/control/v1/journal", "/control/v1/uniqueness", "/control/v1/clock"):
        assert process.control.get(path, headers={"Authorization": f"Bearer {officer}"}).status_code == 403
        assert process.control.get(path, headers={"Authorization": ""}).status_code == 401
    refused = process.control.post(
        "/control/v1/offline", json={"mode": "HANG"}, headers={"Authorization": f"Bearer {officer}"}
    )
    assert refused.status_code == 403
