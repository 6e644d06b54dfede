"""One private broker node for the session, emptied before each test."""

import asyncio
from collections.abc import Iterator

import aio_pika
import pytest

from shared.messaging.node import BrokerNode
from shared.messaging.topology import SUBSCRIPTIONS
from shared.testing.broker import running_broker


@pytest.fixture(scope="session")
def node() -> Iterator[BrokerNode]:
    with running_broker() as running:
        yield running


@pytest.fixture
def broker(node: BrokerNode) -> BrokerNode:
    """The node, up and with empty queues."""
    if not node.is_running():
        node.start()
    node.wait_ready()
    asyncio.run(_purge(node.url))
    return node


async def _purge(url: str) -> None:
    async with await aio_pika.connect(url) as connection:
        for name in [name for each in SUBSCRIPTIONS for name in (each.queue, each.parked)]:
            channel = await connection.channel()
            try:
                queue = await channel.declare_queue(name, passive=True)
            except aio_pika.exceptions.ChannelNotFoundEntity:
                continue
            await queue.purge()
