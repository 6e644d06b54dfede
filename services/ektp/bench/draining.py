"""A backlog drained to the centre after an outage beside the same HTTP client posting as many from memory."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import httpx
import sqlalchemy as sa
from httpx_aiohttp import AiohttpTransport
from sqlmodel import Session

from services.ektp.bench.centre import Centre
from services.ektp.bench.figures import Figure
from services.ektp.bench.records import make_completed
from services.ektp.bench.run import Run
from services.ektp.bench.stage import Stage
from services.ektp.errors import CommandFailed
from services.enrolment_api.delivery.models import Delivery
from services.enrolment_api.recording.packet import load_packet
from shared.contracts.central import RecordEnvelope
from shared.database import connection_of, open_database

RECORDS = 10_000
AT_ONCE = 16

Body = tuple[RecordEnvelope, bytes]


def measure(run: Run) -> list[Figure]:
    """Rounds of: posted from memory, drained by the forwarder; to the same centre, which forgets in between."""
    count = run.scaled(RECORDS)
    with run.stage("drain") as stage:
        stage.migrate("enrolment_api", "central_mock")
        make_completed(stage.database("enrolment_api"), run.keys, count)
        whole = Path(shutil.copy(stage.directory / "enrolment.db", stage.directory / "whole.db"))
        bodies = asyncio.run(_bodies(stage.database("enrolment_api")))
        stage.start("central_mock")
        centre = Centre(stage)
        memory: list[float] = []
        drained: list[float] = []
        for _ in range(run.rounds):
            memory.append(count / asyncio.run(_post_all(stage.url("central_mock"), bodies)))
            centre.forget()
            _restore(whole)
            drained.append(count / _drain(stage, centre))
            centre.forget()
    name = f"{count:,} records drained after an outage"
    return [Figure(name, "same client from memory", "records/s", drained, memory, 0.4)]


async def _bodies(url: str) -> list[Body]:
    """What is to be sent, whole, in memory."""
    database = open_database(url)
    try:
        return await database.read(_load)
    finally:
        await database.close()


def _load(session: Session) -> list[Body]:
    table: sa.Table = Delivery.__table__  # type: ignore[attr-defined]  # SQLModel adds it
    rows = connection_of(session).execute(sa.select(table)).mappings().all()
    fields = RecordEnvelope.model_fields.keys() - {"key"}
    envelopes = [
        RecordEnvelope.model_validate({"key": row["id"], **{name: row[name] for name in fields}})
        for row in rows
    ]
    return [(each, load_packet(session, each.key)) for each in envelopes]


async def _post_all(url: str, bodies: list[Body]) -> float:
    """Seconds to post them all, sixteen at once."""
    waiting = iter(bodies)
    began = time.perf_counter()
    async with (
        httpx.AsyncClient(base_url=url, transport=AiohttpTransport(), timeout=60.0) as client,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(AT_ONCE):
            group.create_task(_post(client, waiting))
    return time.perf_counter() - began


async def _post(client: httpx.AsyncClient, waiting: Iterator[Body]) -> None:
    for envelope, packet in waiting:
        answer = await client.post(
            "/central/v1/records",
            files={
                "envelope": (None, envelope.model_dump_json().encode(), "application/json"),
                "packet": ("packet.cbor", packet, "application/cbor"),
            },
            headers={"Idempotency-Key": envelope.key, "X-Office": envelope.office},
        )
        if answer.status_code != 201:
            raise CommandFailed(f"The centre answered {answer.status_code}: {answer.text[:200]}")


def _restore(whole: Path) -> None:
    for left in whole.parent.glob("enrolment.db-*"):
        left.unlink()
    shutil.copy(whole, whole.parent / "enrolment.db")


def _drain(stage: Stage, centre: Centre) -> float:
    """Seconds from the first receipt until nothing waits, the ramp after the outage included."""
    centre.offline("REFUSE")
    process = stage.start("enrolment_api")
    centre.wait_link("OFFLINE")
    centre.online()
    ended = centre.wait_drained()
    process.stop()
    with closing(sqlite3.connect(stage.directory / "enrolment.db")) as connection:
        (first,) = connection.execute("SELECT min(acknowledged_at) FROM delivery").fetchone()
    return ended - datetime.fromisoformat(f"{first}+00:00").timestamp()
