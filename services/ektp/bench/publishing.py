"""The outbox to RabbitMQ beside aio-pika publishing the same bodies from memory with the same window."""

import asyncio
import time

import aio_pika
import sqlalchemy as sa
from pydantic import SecretStr

from services.ektp.bench.figures import Figure
from services.ektp.bench.pending import fill_outbox
from services.ektp.bench.run import Run
from shared.clock import SystemClock
from shared.contracts.envelope import CONTENT_TYPE
from shared.database import Database, connection_of, open_database
from shared.health import Health
from shared.messaging import topology
from shared.messaging.outbox import unpublished
from shared.messaging.relay import WINDOW, Relay
from shared.metrics import Metrics
from shared.runtime import Runtime
from shared.security import TokenVerifier
from shared.settings import ServiceSettings
from shared.tables import outbox
from shared.testing.broker import running_broker

ROWS = 10_000
EVERY = 0.01
WAITING = sa.select(outbox.c.id).where(outbox.c.published_at.is_(None)).limit(1)
AGAIN = sa.update(outbox).values(published_at=None)


def measure(run: Run) -> list[Figure]:
    """Rounds of: from memory, from the outbox, each onto an empty queue of a private node."""
    with run.stage("outbox") as stage, running_broker() as broker:
        stage.migrate("queue_api")
        return asyncio.run(_measure(run, stage.database("queue_api"), broker.url))


async def _measure(run: Run, url: str, broker_url: str) -> list[Figure]:
    runtime = _runtime(run, url, broker_url)
    connection = await aio_pika.connect(broker_url)
    rows = run.scaled(ROWS)
    try:
        await topology.declare(connection)
        await fill_outbox(runtime.database, "queue_api", rows)
        memory: list[float] = []
        relayed: list[float] = []
        for _ in range(run.rounds):
            memory.append(rows / await _from_memory(runtime.database, connection, rows))
            await _purge(connection)
            relayed.append(rows / await _from_outbox(runtime, connection))
            await _purge(connection)
    finally:
        await connection.close()
        await runtime.database.close()
    return [Figure(f"outbox of {rows:,} rows", "aio-pika from memory", "events/s", relayed, memory, 0.7)]


def _runtime(run: Run, url: str, broker_url: str) -> Runtime:
    clock = SystemClock()
    return Runtime(
        settings=ServiceSettings(broker_url=SecretStr(broker_url), home=run.home),
        clock=clock,
        database=open_database(url),
        verifier=TokenVerifier.from_directory(run.keys),
        health=Health(clock),
        metrics=Metrics("bench"),
    )


async def _from_memory(database: Database, connection: aio_pika.abc.AbstractConnection, rows: int) -> float:
    """Seconds to publish what the outbox holds, loaded beforehand, with as many confirms waited for at once."""
    waiting = iter(await database.read(lambda session: unpublished(session, rows)))
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    exchange = await channel.get_exchange(topology.EXCHANGE, ensure=False)

    async def publish() -> None:
        for row in waiting:
            message = aio_pika.Message(
                bytes(row.body),
                content_type=CONTENT_TYPE,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                message_id=row.event_id,
            )
            await exchange.publish(message, row.routing_key, mandatory=True)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as window:
        for _ in range(WINDOW):
            window.create_task(publish())
    took = time.perf_counter() - began
    await channel.close()
    return took


async def _from_outbox(runtime: Runtime, connection: aio_pika.abc.AbstractConnection) -> float:
    """Seconds until the relay has marked every row as published; the rows are made to wait again after."""
    database = runtime.database
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    began = time.perf_counter()
    relaying = asyncio.create_task(Relay(runtime, holder="bench").run(channel))
    while await database.read(lambda session: connection_of(session).execute(WAITING).first()):  # noqa: ASYNC110
        await asyncio.sleep(EVERY)  # the database knows when, and nothing rings
    took = time.perf_counter() - began
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    await channel.close()
    await database.write(lambda session: connection_of(session).execute(AGAIN).rowcount)
    return took


async def _purge(connection: aio_pika.abc.AbstractConnection) -> None:
    channel = await connection.channel()
    queue = await channel.get_queue(topology.ENROLMENT_API.queue, ensure=False)
    await queue.purge()
    await channel.close()
