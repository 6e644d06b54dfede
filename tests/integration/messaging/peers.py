"""Two services made of nothing but messaging, to try the outbox, the relay and the inbox on a real broker."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aio_pika.abc import AbstractConnection
from pydantic import SecretStr
from sqlmodel import Session

from shared.clock import SystemClock
from shared.contracts.envelope import Event, Outgoing
from shared.contracts.queue import TicketCancelled
from shared.database import Database, open_database
from shared.health import Health
from shared.keys import create_keys
from shared.lifecycle import BackgroundTasks
from shared.messaging.handlers import Handlers
from shared.messaging.messaging import Messaging
from shared.messaging.outbox import enqueue
from shared.messaging.topology import ENROLMENT_API, EXCHANGE, QUEUE_API, Subscription
from shared.metrics import Metrics
from shared.runtime import Runtime
from shared.security import TokenVerifier
from shared.settings import ServiceSettings
from shared.tables import metadata

OFFICE = "33.13.07"


@dataclass
class Peer:
    """A service that publishes cancelled tickets and remembers what it was told."""

    name: str
    runtime: Runtime
    messaging: Messaging
    tasks: BackgroundTasks
    seen: list[tuple[str, int]] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.runtime.database

    def _cancelled(self, subject: str) -> Outgoing:
        now = self.runtime.clock.now()
        data = TicketCancelled.model_validate(
            {"number": "A001", "service": "ENROLMENT", "day": now.date(), "arrived_at": now}
        )
        return Outgoing(subject=subject, office=OFFICE, at=now, data=data)

    async def publish(self, subject: str) -> int:
        """Its number within the aggregate."""
        outgoing = self._cancelled(subject)
        return await self.database.write(lambda session: enqueue(session, self.name, outgoing))

    async def publish_into_the_void(self, subject: str) -> None:
        """As if the broker had confirmed the event and then lost it."""
        outgoing = self._cancelled(subject)

        def publish(session: Session) -> None:
            enqueue(session, self.name, outgoing)
            session.connection().exec_driver_sql("UPDATE outbox SET published_at = created_at")

        await self.database.write(publish)

    async def count(self, statement: str) -> int:
        return await self.database.read(
            lambda session: int(session.connection().execute(sa.text(statement)).scalar_one())
        )

    async def unpublished(self) -> int:
        return await self.count("SELECT count(*) FROM outbox WHERE published_at IS NULL")

    def sequences(self, subject: str) -> list[int]:
        return [sequence for each, sequence in self.seen if each == subject]


Effect = Callable[[Session, Event, Any], None]


@contextlib.asynccontextmanager
async def running_peer(
    name: str,
    subscription: Subscription,
    *,
    database_url: str,
    broker_url: str,
    effect: Effect | None = None,
    speed: float = 1.0,
) -> AsyncIterator[Peer]:
    """A peer connected to the broker; `effect` runs in its handler and may fail."""
    database = open_database(database_url)
    clock = SystemClock()
    if speed != 1.0:
        clock.set(clock.now(), speed)
    runtime = Runtime(
        settings=ServiceSettings(broker_url=SecretStr(broker_url)),
        clock=clock,
        database=database,
        verifier=verifier(),
        health=Health(clock),
        metrics=Metrics(name),
    )
    handlers = Handlers()
    deaths: list[str] = []
    tasks = BackgroundTasks(runtime.health, runtime.metrics, on_death=lambda: deaths.append(name))
    messaging = Messaging(service=name, runtime=runtime, subscription=subscription, handlers=handlers)
    peer = Peer(name, runtime, messaging, tasks)

    def note(session: Session, event: Event, data: TicketCancelled) -> None:
        if effect is not None:
            effect(session, event, data)
        peer.seen.append((event.subject, event.sequence))

    handlers.on(TicketCancelled, note)
    messaging.start(tasks)
    try:
        yield peer
        assert deaths == []
    finally:
        await tasks.stop()
        await database.close()


_verifiers: list[TokenVerifier] = []


def verifier() -> TokenVerifier:
    """Any verifier: nobody signs in here."""
    if not _verifiers:
        import tempfile

        directory = Path(tempfile.mkdtemp(prefix="ektp-keys-"))
        create_keys(directory, demo=False)
        _verifiers.append(TokenVerifier.from_directory(directory))
    return _verifiers[0]


def create_tables(url: str) -> None:
    """The shared tables alone, on SQLite."""
    engine = sa.create_engine(url)
    metadata.create_all(engine)
    engine.dispose()


PUBLISHER: tuple[str, Subscription] = ("queue_api", QUEUE_API)
CONSUMER: tuple[str, Subscription] = ("enrolment_api", ENROLMENT_API)


async def take_bindings_away(connection: AbstractConnection) -> None:
    """From the consumer's queue, while another takes every event: none is unroutable, and nobody is told."""
    channel = await connection.channel()
    other = await channel.declare_queue(exclusive=True)
    await other.bind(EXCHANGE, "#")
    queue = await channel.get_queue(ENROLMENT_API.queue, ensure=False)
    for key in ENROLMENT_API.bindings:
        await queue.unbind(EXCHANGE, key)
