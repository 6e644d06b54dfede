"""Each fault of the broker as a client of it sees it."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection, AbstractExchange, AbstractQueue
from aio_pika.exceptions import DeliveryError

from shared.messaging.node import BrokerFailed
from shared.testing.broker_faults import Broker
from shared.testing.timeline import Timeline
from shared.testing.waiting import eventually

QUEUE, KEY = "line", "queue.ticket.called"
SOON = 0.3


@dataclass
class Client:
    """A publisher and a queue that is bound to what it publishes."""

    connection: AbstractConnection
    exchange: AbstractExchange
    queue: AbstractQueue

    async def publish(self) -> None:
        async with asyncio.timeout(SOON):
            await self.exchange.publish(aio_pika.Message(b"7"), KEY, mandatory=True)


@pytest.fixture
async def broker(chaos_broker: Broker) -> AsyncIterator[Broker]:
    await chaos_broker.start()
    chaos_broker.tell(Timeline())
    chaos_broker.use_vhost(f"test-{os.urandom(4).hex()}")
    yield chaos_broker
    if chaos_broker.is_running():
        chaos_broker.heal()
        chaos_broker.drop_vhost()


@pytest.fixture
async def client(broker: Broker) -> AsyncIterator[Client]:
    connection = await connected(broker)
    channel = await connection.channel(on_return_raises=True)
    exchange = await channel.declare_exchange("events", aio_pika.ExchangeType.TOPIC)
    queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(exchange, "queue.#")
    yield Client(connection, exchange, queue)
    await connection.close()


async def connected(broker: Broker) -> AbstractConnection:
    """A connection that nothing mends behind our back."""
    connection = aio_pika.Connection(aio_pika.connection.make_url(broker.url))
    await connection.connect()
    return connection


async def consumers(broker: Broker) -> int | None:
    """Asked over a connection of its own: the one that consumes may believe anything."""
    connection = await connected(broker)
    channel = await connection.channel()
    asked = await channel.declare_queue(QUEUE, passive=True)
    await connection.close()
    return asked.declaration_result.consumer_count


@pytest.mark.parametrize("told", [True, False])
async def test_a_consumer_can_be_cancelled_with_and_without_a_word(
    broker: Broker, client: Client, told: bool
) -> None:
    got: list[bytes] = []

    async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        got.append(message.body)

    channel: Any = await client.queue.channel.get_underlay_channel()
    await client.queue.consume(take, no_ack=True)
    await client.publish()
    await eventually(lambda: got == [b"7"])
    assert broker.cancel_consumers(QUEUE, told=told) == 1
    await eventually(lambda: bool(channel.consumers) is not told)
    assert await consumers(broker) == 0
    await client.publish()
    await eventually(lambda: broker.depth(QUEUE) == 1)
    assert got == [b"7"], "nobody takes the second"


async def test_what_is_published_for_an_unbound_queue_comes_back(broker: Broker, client: Client) -> None:
    await client.publish()
    assert broker.unbind(QUEUE) == 1
    with pytest.raises(DeliveryError):
        await client.publish()
    assert broker.unbind(QUEUE) == 0


async def test_a_deleted_queue_is_gone_with_what_was_in_it(broker: Broker, client: Client) -> None:
    await client.publish()
    await eventually(lambda: broker.depth(QUEUE) == 1)
    assert broker.delete_queue(QUEUE)
    assert broker.depth(QUEUE) is None
    assert not broker.delete_queue(QUEUE)


async def test_a_broken_queue_is_there_and_takes_nothing_until_it_is_deleted(
    broker: Broker, client: Client
) -> None:
    assert broker.break_queue(QUEUE)
    with pytest.raises(DeliveryError):
        await client.publish()
    assert broker.delete_queue(QUEUE)
    assert not broker.break_queue(QUEUE)


async def test_over_its_memory_it_takes_connections_and_no_messages(broker: Broker, client: Client) -> None:
    broker.raise_memory_alarm()
    assert broker.has_alarm()
    with pytest.raises(TimeoutError):
        await client.publish()
    await (await connected(broker)).close()
    broker.clear_memory_alarm()
    assert not broker.has_alarm()
    await eventually(lambda: broker.depth(QUEUE) == 1)


async def test_connections_can_be_closed(broker: Broker, client: Client) -> None:
    assert broker.close_connections() >= 1
    await eventually(lambda: client.queue.channel.is_closed)


async def test_a_frozen_one_answers_nobody_until_it_is_thawed(
    broker: Broker, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.testing.erlang.ANSWERS_WITHIN", SOON)
    broker.stop()
    with pytest.raises(TimeoutError):
        await client.publish()
    with pytest.raises(BrokerFailed):
        broker.depth(QUEUE)
    monkeypatch.undo()
    broker.heal()
    await eventually(lambda: broker.depth(QUEUE) == 1)


def test_a_killed_one_is_gone(broker: Broker) -> None:
    pid = broker.pid
    broker.kill()
    assert pid is not None and not Path(f"/proc/{pid}").exists()
    with pytest.raises(BrokerFailed):
        broker.depth(QUEUE)
