"""Ends a session that looks healthy and is not: closed, deaf, or one whose consumer the broker has forgotten."""

import asyncio

from aio_pika.abc import AbstractConnection

from shared.lifecycle import within
from shared.messaging.consumer import Consumer, Listening

CHECK_SECONDS = 5.0
ANSWERS_WITHIN = 10.0
QUIET_CHECKS = 3
"""Looks in a row at which messages waited and none was brought. A cancelled consumer is counted by the broker for as
long as a message that it was given is not acknowledged, and is given no other."""


class BrokerSessionEnded(Exception):
    """The connection or the consumer is gone."""


async def watch(connection: AbstractConnection, consumer: Consumer) -> None:
    """Look every few seconds. Raises BrokerSessionEnded, TimeoutError and what the broker raises."""
    quiet = 0
    while not connection.is_closed:
        brought = consumer.brought
        await asyncio.sleep(CHECK_SECONDS)
        queue = await within(ANSWERS_WITHIN, _look(connection, consumer))
        if not queue.consumers:
            raise BrokerSessionEnded("the broker knows no consumer of ours")
        quiet = quiet + 1 if queue.waiting and consumer.brought == brought else 0
        if quiet == QUIET_CHECKS:
            raise BrokerSessionEnded(f"{queue.waiting} messages wait and none is brought")
    raise BrokerSessionEnded("the connection was closed")


async def _look(connection: AbstractConnection, consumer: Consumer) -> Listening:
    channel = await connection.channel()
    queue = await consumer.look(channel)
    await channel.close()
    return queue
