"""A private broker node: what is confirmed survives kill -9, and nothing of the node survives its stop."""

import socket
from pathlib import Path

import aio_pika
import pytest

from shared.messaging.node import BrokerFailed, BrokerNode, speaks_amqp
from shared.testing.broker import running_broker
from shared.testing.waiting import wait_until

QUEUE = "kept"


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def put(url: str, body: bytes) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, QUEUE)


async def take(url: str) -> bytes:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(QUEUE)
        return (await queue.get(timeout=10)).body


async def test_a_message_outlives_a_stop_and_a_kill_and_nothing_outlives_the_node(tmp_path: Path) -> None:
    with running_broker(tmp_path) as node:
        await put(node.url, b"confirmed")
        node.stop()
        node.start()
        node.wait_ready()
        node.kill()
        assert not speaks_amqp(node.port)
        node.start()
        node.wait_ready()
        assert await take(node.url) == b"confirmed"
        pids = node.pids
        assert len(pids) == 2  # the node and its name server
    wait_until(lambda: not any(alive(pid) for pid in pids))


def test_a_node_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        node = BrokerNode(tmp_path, port=other.getsockname()[1])
        node.start()
        try:
            with pytest.raises(BrokerFailed, match=r"is not ready.*could_not_start_listener"):
                node.wait_ready(30)
        finally:
            node.stop()
    assert node.pids == []
