"""Looking into the parking queues, and sending what lies there back to its consumer once the cause is mended."""

import asyncio
from dataclasses import dataclass

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage, AbstractQueue

from shared.contracts.envelope import CONTENT_TYPE, Event, NotAnEvent
from shared.messaging.topology import SUBSCRIPTIONS, declare

TIMEOUT = 10.0
REASON = "x-parked-reason"


@dataclass(frozen=True)
class ParkedMessage:
    """One message that could not be applied. Type and subject are empty where it could not be read."""

    queue: str
    event_id: str
    type: str
    subject: str
    sequence: int | None
    reason: str


async def list_parked(broker_url: str, most: int = 100) -> list[ParkedMessage]:
    """What lies in all parking queues, oldest first, at most so many of each; it stays there."""
    async with asyncio.timeout(TIMEOUT), await aio_pika.connect(broker_url) as connection:
        await declare(connection)
        found: list[ParkedMessage] = []
        for subscription in SUBSCRIPTIONS:
            queue = await _parking_queue(connection, subscription.parked)
            found += [_describe(subscription.parked, each) for each in await _take(queue, most)]
        return found  # nothing was acknowledged: closing the connection puts everything back


async def replay_parked(broker_url: str, queue_name: str, event_id: str | None = None) -> int:
    """Send what lies in a parking queue now (or one event of it) back to its consumer; returns how many.

    Each goes back before it leaves the parking queue, so a crash leaves it in both and the inbox drops one.
    Raises LookupError for a queue that is none of ours.
    """
    homes = {each.parked: each.queue for each in SUBSCRIPTIONS}
    if queue_name not in homes:
        raise LookupError(f"no parking queue {queue_name}; there are {', '.join(sorted(homes))}")
    async with await aio_pika.connect(broker_url) as connection:
        async with asyncio.timeout(TIMEOUT):
            await declare(connection)
            parking = await _parking_queue(connection, queue_name)
            waiting = parking.declaration_result.message_count or 0
        messages = await _take(parking, waiting)
        chosen = [each for each in messages if event_id is None or _id(each) == event_id]
        for message in chosen:
            await _send_home(connection, message, homes[queue_name])
        return len(chosen)


async def _parking_queue(connection: AbstractConnection, name: str) -> AbstractQueue:
    channel = await connection.channel(on_return_raises=True)
    return await channel.declare_queue(name, passive=True)


async def _take(queue: AbstractQueue, most: int) -> list[AbstractIncomingMessage]:
    """Up to `most` messages without acknowledging any."""
    taken: list[AbstractIncomingMessage] = []
    while len(taken) < most and (message := await queue.get(fail=False)) is not None:
        taken.append(message)
    return taken


async def _send_home(connection: AbstractConnection, message: AbstractIncomingMessage, queue: str) -> None:
    copy = aio_pika.Message(
        message.body,
        content_type=CONTENT_TYPE,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.message_id,
    )
    async with asyncio.timeout(TIMEOUT), connection.channel(on_return_raises=True) as channel:
        await channel.default_exchange.publish(copy, queue, mandatory=True)
        await message.ack()


def _id(message: AbstractIncomingMessage) -> str:
    try:
        return Event.decode(message.body).id
    except NotAnEvent:
        return message.message_id or ""


def _describe(queue: str, message: AbstractIncomingMessage) -> ParkedMessage:
    reason = str((message.headers or {}).get(REASON, ""))
    try:
        event = Event.decode(message.body)
    except NotAnEvent:
        return ParkedMessage(queue, message.message_id or "", "", "", None, reason)
    return ParkedMessage(queue, event.id, event.type, event.subject, event.sequence, reason)
