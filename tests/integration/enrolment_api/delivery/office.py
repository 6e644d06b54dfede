"""An office made of delivery alone: completed records go in, the forwarder runs, a scripted centre answers."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.delivery.tasks import CentralTasks
from services.enrolment_api.link.repository import read_link
from services.enrolment_api.offices.service import load_unknown
from shared.clock import SystemClock
from shared.contracts.enrolment import LinkState
from shared.database import Database, open_database
from shared.health import Health
from shared.lifecycle import BackgroundTasks
from shared.metrics import Metrics
from shared.migrations import migrate
from shared.runtime import Runtime
from shared.sample import load_offices
from shared.security import TokenVerifier
from shared.settings import ServiceSettings
from tests.enrolments import complete_record


@dataclass
class Office:
    """What the tests do with it."""

    runtime: Runtime
    central: CentralTasks
    tasks: BackgroundTasks

    @property
    def database(self) -> Database:
        return self.runtime.database

    async def record(self, count: int = 1) -> list[str]:
        """Complete so many records; their ids in the order of completion."""

        def complete(session: Session) -> list[str]:
            now = self.runtime.clock.now()
            return [complete_record(session, at=now + timedelta(microseconds=each)) for each in range(count)]

        return await self.database.write(complete)

    async def states(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        rows = await self.database.read(
            lambda session: (
                session.connection()
                .execute(sa.text("SELECT state, count(*) FROM delivery GROUP BY state"))
                .all()
            )
        )
        return {row[0]: row[1] for row in rows}

    async def attempts(self) -> int:
        return await self.scalar("SELECT coalesce(max(attempts), 0) FROM delivery")

    async def backlog(self) -> int:
        return await self.scalar("SELECT coalesce(sum(records), 0) FROM backlog")

    async def scalar(self, statement: str) -> int:
        return await self.database.read(
            lambda session: int(session.connection().execute(sa.text(statement)).scalar_one())
        )

    async def events(self, of_type: str) -> list[dict[str, object]]:
        """The data of the outbox's events of a type, in order."""
        rows = await self.database.read(
            lambda session: (
                session.connection()
                .execute(
                    sa.text("SELECT body FROM outbox WHERE routing_key = :t ORDER BY id"), {"t": of_type}
                )
                .scalars()
                .all()
            )
        )
        return [json.loads(bytes(row)) for row in rows]

    async def link(self) -> LinkState:
        now = self.runtime.clock.now()
        return (await self.database.read(lambda session: read_link(session, now))).state

    async def all_acknowledged(self) -> bool:
        return set(await self.states()) == {"ACKNOWLEDGED"}


@contextlib.asynccontextmanager
async def running_office(
    *, database_url: str, central_url: str, keys: Path, home: Path, speed: float = 1.0
) -> AsyncIterator[Office]:
    """Migrated, loaded with the sample offices, and forwarding."""
    await asyncio.to_thread(migrate, "enrolment_api", database_url)  # it runs a loop of its own
    clock = SystemClock()
    if speed != 1.0:
        clock.set(clock.now(), speed)
    database = open_database(database_url)
    runtime = Runtime(
        settings=ServiceSettings(home=home, keys_dir=keys),
        clock=clock,
        database=database,
        verifier=TokenVerifier.from_directory(keys),
        health=Health(clock),
        metrics=Metrics("enrolment_api"),
    )
    await database.write(lambda session: load_unknown(session, load_offices(None)))
    central = CentralTasks(runtime, central_url=central_url)
    deaths: list[str] = []
    tasks = BackgroundTasks(runtime.health, runtime.metrics, on_death=lambda: deaths.append("died"))
    await central.start(tasks)
    try:
        yield Office(runtime, central, tasks)
        assert deaths == []
    finally:
        await tasks.stop()
        await central.close()
        await database.close()
