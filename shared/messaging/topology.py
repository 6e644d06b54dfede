"""The broker's exchange and queues, all of them, so that neither service needs the other to have run first."""

import asyncio
from dataclasses import dataclass

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity

EXCHANGE = "ektp.events"
# A quorum queue killed within a second of its declaration lost confirmed messages; older ones came back whole.
SETTLE_SECONDS = 1.5
DECLARE_TIMEOUT = 30.0
# RabbitMQ 4 drops a message after 20 deliveries unless told otherwise, and 3.10 knows no word for "never": our
# database being down for a minute, or someone listing the parking queue, must cost nothing. Attempts are counted
# in our inbox, on disk.
DELIVERY_LIMIT = 1_000_000_000


@dataclass(frozen=True)
class Subscription:
    """One consumer: its quorum queue, the keys it takes, the queue where it parks what it can't apply."""

    service: str
    publisher: str
    """The service whose events it takes."""
    queue: str
    bindings: tuple[str, ...]

    @property
    def parked(self) -> str:
        """Keeps poison with its reason until somebody replays it."""
        return f"{self.queue}.parked"


# A consumer takes all events of the other service: it sees an aggregate's every sequence, so a gap is a loss.
QUEUE_API = Subscription(
    "queue_api", "enrolment_api", "queue_api.enrolment_events", ("enrolment.#", "messaging.resend.#")
)
ENROLMENT_API = Subscription(
    "enrolment_api", "queue_api", "enrolment_api.queue_events", ("queue.#", "messaging.resend.#")
)
SUBSCRIPTIONS = (QUEUE_API, ENROLMENT_API)


def queue_of(service: str) -> str:
    """Where a service listens. Raises LookupError for one that is none of ours."""
    for each in SUBSCRIPTIONS:
        if each.service == service:
            return each.queue
    raise LookupError(f"no service {service} listens")


async def declare(connection: aio_pika.abc.AbstractConnection) -> None:
    """Declare everything, idempotently; waits when a queue is new until its leader has settled."""
    async with asyncio.timeout(DECLARE_TIMEOUT):
        names = [name for each in SUBSCRIPTIONS for name in (each.queue, each.parked)]
        new = [name for name in names if not await _exists(connection, name)]
        async with connection.channel() as channel:
            await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
            for subscription in SUBSCRIPTIONS:
                await _declare_subscription(channel, subscription)
        if new:
            await asyncio.sleep(SETTLE_SECONDS)


async def _exists(connection: aio_pika.abc.AbstractConnection, name: str) -> bool:
    channel = await connection.channel()
    try:
        await channel.declare_queue(name, passive=True)
    except ChannelNotFoundEntity:
        return False  # the broker closed the channel with its answer
    await channel.close()
    return True


async def _declare_subscription(channel: AbstractChannel, subscription: Subscription) -> None:
    queue = await declare_quorum(channel, subscription.queue)
    await declare_quorum(channel, subscription.parked)
    await bind(queue, subscription)


async def replace(connection: aio_pika.abc.AbstractConnection, subscription: Subscription) -> None:
    """Delete the consumer's queue with everything in it and declare it anew; the parked ones stay."""
    async with asyncio.timeout(DECLARE_TIMEOUT):
        async with connection.channel() as channel:
            await channel.queue_delete(subscription.queue)
        await declare(connection)


async def bind(queue: AbstractQueue, subscription: Subscription) -> None:
    """Let the queue take its keys; nothing changes where it does already."""
    for key in subscription.bindings:
        await queue.bind(EXCHANGE, key)


async def declare_quorum(channel: AbstractChannel, name: str) -> AbstractQueue:
    """A durable quorum queue that never drops a message for having been delivered often."""
    return await channel.declare_queue(
        name, durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT}
    )
