"""What was answered is there: after kill -9 of the real process, and on a disk that is full."""

import asyncio
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import select

from services.enrolment_api.recording.models import Enrolment
from services.enrolment_api.runtime import EnrolmentRuntime
from shared.database import Database
from shared.database.sqlite import SqliteBackend
from shared.testing.ports import free_ports
from shared.testing.waiting import eventually
from tests.integration.enrolment_api.desk import Desk, problem, start_body


@asynccontextmanager
async def running_service(home: Path, keys: Path, url: str) -> AsyncIterator[tuple[Process, Desk]]:
    """`python -m services.enrolment_api`, ready, with no broker and no centre."""
    port, nobody, nowhere = free_ports(3)
    environment = os.environ | {
        "EKTP_HOME": str(home),
        "KEYS_DIR": str(keys),
        "ENROLMENT_DATABASE_URL": url,
        "ENROLMENT_PORT": str(port),
        "BROKER_URL": f"amqp://guest:guest@127.0.0.1:{nobody}/",
        "CENTRAL_URL": f"http://127.0.0.1:{nowhere}",
        "LOG_LEVEL": "ERROR",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.enrolment_api", env=environment
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:

            async def ready() -> bool:
                try:
                    return (await http.get("/health/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(ready, within=60, saying="enrolment_api is ready")
            yield process, Desk(http, keys)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_what_was_answered_survives_kill_9(tmp_path: Path, keys: Path, database_url: str) -> None:
    async with running_service(tmp_path, keys, database_url) as (process, desk):
        record_id = await desk.captured()
        first = await desk.complete(record_id, key="before-the-cut")
        draft = await desk.photographed()
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with running_service(tmp_path, keys, database_url) as (_, desk):
        again = await desk.complete(record_id, key="before-the-cut")
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"
        receipt = await desk.http.get(f"/v1/receipts/{first.json()['receipt']['code']}")
        assert receipt.json()["safe_here"] is True
        shown = (await desk.get(f"/v1/enrolments/{draft}")).json()
        assert shown["photo_approved_at"] is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_full_disk_refuses_and_keeps_nothing_half(desk: Desk, runtime: EnrolmentRuntime) -> None:
    record_id = await desk.captured(without=("iris-right",))
    disk = Disk(runtime.database)
    disk.fill()
    body = problem(await desk.capture(record_id, "iris-right", os.urandom(300_000)), 503, "unavailable")
    assert "nothing was stored" in body["detail"]
    shown = (await desk.get(f"/v1/enrolments/{record_id}")).json()
    assert shown["missing"] == ["iris-right"]
    disk.empty()
    assert (await desk.capture(record_id, "iris-right", os.urandom(300_000))).status_code == 200
    assert (await desk.complete(record_id)).status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_completing_on_a_full_disk_can_be_retried_with_the_same_key(
    desk: Desk, runtime: EnrolmentRuntime
) -> None:
    drafts = [await desk.captured() for _ in range(6)]
    disk = Disk(runtime.database)
    disk.fill()
    while (await desk.post("/v1/enrolments", start_body())).status_code == 201:
        pass  # until the pages that are there are full, too
    answers = [await desk.complete(record_id, key=f"key-{record_id}") for record_id in drafts]
    refused = [
        record_id for record_id, answer in zip(drafts, answers, strict=True) if answer.status_code == 503
    ]
    assert refused
    states = await runtime.database.read(
        lambda session: dict(session.exec(select(Enrolment.id, Enrolment.status)).all())
    )
    assert {states[record_id] for record_id in refused} == {"DRAFT"}
    disk.empty()
    again = [await desk.complete(record_id, key=f"key-{record_id}") for record_id in drafts]
    numbers = sorted(answer.json()["receipt"]["number"][-4:] for answer in again)
    assert numbers == [f"{number:04d}" for number in range(1, 7)]


class Disk:
    """The database file's room, as SQLite itself enforces it on each of the service's connections."""

    def __init__(self, database: Database) -> None:
        backend = database._backend  # the one place where a test must reach the engine
        assert isinstance(backend, SqliteBackend)
        self.most_pages: int | None = None
        sa.event.listen(backend._engine, "begin", self._limit, insert=True)

    def fill(self) -> None:
        """Let no file grow from here."""
        self.most_pages = 1  # SQLite takes the present size where that is more

    def empty(self) -> None:
        """Let it grow again."""
        self.most_pages = 1_000_000

    def _limit(self, connection: sa.Connection) -> None:
        """Before each transaction: the writer's connection is kept from one to the next."""
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        if self.most_pages is not None:
            raw.execute(f"PRAGMA max_page_count = {self.most_pages}")
