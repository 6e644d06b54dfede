"""The consumer: takes messages from its queue through the inbox and acknowledges after the commit."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from sqlmodel import Session

from shared.contracts.envelope import Event, NotAnEvent, Outgoing
from shared.contracts.resend import ResendRequested
from shared.database import DatabaseUnavailable
from shared.failpoints import fail_point
from shared.messaging.asked import ask
from shared.messaging.handlers import Handlers, Poison
from shared.messaging.inbox import Inbox, Outcome, due_subjects, take_gaps, waiting_count
from shared.messaging.marks import Marks
from shared.messaging.outbox import enqueue, oldest_unpublished, publish_again
from shared.messaging.topology import Subscription, bind
from shared.runtime import Runtime
from shared.tracing import continue_trace

log = structlog.get_logger()

PREFETCH = 64
PATIENCE = 1.0
"""Real seconds between tries while our own database is down, or a bug of ours is met; the event is not to blame for
either and loses no attempt."""
TICK_SECONDS = 1.0
PARK_TIMEOUT = 10.0


@dataclass(frozen=True)
class Listening:
    """What the broker says of a consumer's queue."""

    consumers: int
    waiting: int
    """Messages that were given to no consumer yet."""


class Consumer:
    """One queue's consumer with its inbox."""

    def __init__(
        self, service: str, runtime: Runtime, subscription: Subscription, handlers: Handlers
    ) -> None:
        answer_resends(handlers, service)
        self._service = service
        self._runtime = runtime
        self._subscription = subscription
        self._inbox = Inbox(handlers, subscription.parked)
        self.marks = Marks(service, runtime, subscription)
        self.brought = 0
        """Messages that the broker has brought so far."""

    async def consume(self, connection: AbstractConnection) -> None:
        """Start taking messages; returns at once."""
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.get_queue(self._subscription.queue, ensure=False)
        await queue.consume(self._on_message)

    async def look(self, channel: AbstractChannel) -> Listening:
        """Ask the broker about the queue; a healthy connection may have lost its consumer.

        Bindings are made again each time: while anybody else takes the events, nobody hears that ours are gone.
        """
        queue = await channel.declare_queue(self._subscription.queue, passive=True)
        await bind(queue, self._subscription)
        told = queue.declaration_result
        return Listening(told.consumer_count or 0, told.message_count or 0)

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        self.brought += 1
        try:
            await self._settle(message)
        except DatabaseUnavailable as error:
            log.warning("consumer.database_unavailable", reason=str(error))
            await self._give_back(message)
        except Exception as error:  # nobody else hears of it, and the message would stay with us
            log.error("consumer.failed", message_id=message.message_id, exc_info=error)
            await self._give_back(message)
        else:
            await message.ack()
            fail_point("consumer.after-ack")

    async def _settle(self, message: AbstractIncomingMessage) -> None:
        """Take the event, or park what is none; after that the message may go."""
        try:
            event = Event.decode(message.body)
        except NotAnEvent as error:
            await self._park_raw(message, str(error))
            return
        continue_trace(event.traceparent)
        await self._take(event)

    @staticmethod
    async def _give_back(message: AbstractIncomingMessage) -> None:
        await asyncio.sleep(PATIENCE)
        await message.nack(requeue=True)

    async def _take(self, event: Event) -> None:
        """Apply or keep the event; then whatever waited for it."""
        if await self.marks.take(event):
            return
        now = self._runtime.clock.now()
        try:
            outcome = await self._runtime.database.write(
                lambda session: self._inbox.receive(session, event, now)
            )
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # a handler's failure is counted, whatever it is
            await self._failed(event, error, brought=True)
            return
        fail_point("consumer.after-commit")
        self._runtime.metrics.events.labels(outcome.value).inc()
        if outcome is Outcome.APPLIED:
            await self._apply_waiting(event.subject)

    async def _apply_waiting(self, subject: str) -> None:
        """Apply what waited for its turn, one after the other; a failure counts against the one that failed."""
        database, now = self._runtime.database, self._runtime.clock.now
        while event := await database.read(lambda session: self._inbox.next_waiting(session, subject)):
            try:
                applied = await database.write(
                    lambda session: self._inbox.apply_waiting(session, subject, now())
                )
            except DatabaseUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  # as in _take
                await self._failed(event, error, brought=False)
                return
            if not applied:
                return
            self._runtime.metrics.events.labels(Outcome.APPLIED.value).inc()

    async def _failed(self, event: Event, error: Exception, *, brought: bool) -> None:
        hopeless = isinstance(error, Poison)
        reason = str(error) if hopeless else type(error).__name__
        now = self._runtime.clock.now()
        parked = await self._runtime.database.write(
            lambda session: self._inbox.fail(session, event, reason, now, hopeless=hopeless, brought=brought)
        )
        self._runtime.metrics.events.labels("parked" if parked else "retried").inc()
        note = log.error if parked else log.warning
        note(
            "event.parked" if parked else "event.failed",
            type=event.type,
            event_id=event.id,
            subject=event.subject,
            sequence=event.sequence,
            reason=reason,
            exc_info=None if hopeless else error,
        )

    async def _park_raw(self, message: AbstractIncomingMessage, reason: str) -> None:
        """What can't be read goes to the parking queue as it came."""
        log.error("event.unreadable", reason=reason)
        parked = aio_pika.Message(
            message.body,
            headers={**message.headers, "x-parked-reason": reason},
            content_type=message.content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        async with asyncio.timeout(PARK_TIMEOUT):
            await message.channel.basic_publish(
                parked.body,
                exchange="",
                routing_key=self._subscription.parked,
                properties=parked.properties,
                mandatory=True,
            )
        self._runtime.metrics.events.labels("parked").inc()

    async def run_inbox(self) -> None:
        """Retry what failed and ask for what is missing; needs no broker."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self._tick()
            except DatabaseUnavailable as error:
                log.warning("inbox.database_unavailable", reason=str(error))

    async def _tick(self) -> None:
        now = self._runtime.clock.now()
        for subject in await self._runtime.database.read(lambda session: due_subjects(session, now)):
            await self._apply_waiting(subject)
        oldest = await self._runtime.database.read(oldest_unpublished)
        self._runtime.metrics.outbox_age.set((now - oldest).total_seconds() if oldest else 0.0)
        waiting = await self._runtime.database.read(waiting_count)
        self._runtime.metrics.inbox_waiting.set(waiting)
        if waiting:
            await self._runtime.database.write(lambda session: ask_for_gaps(session, self._service, now))


def ask_for_gaps(session: Session, service: str, now: datetime) -> None:
    """Publish a request for each gap that lasted too long, unless it was asked for already."""
    for gap in take_gaps(session, now):
        if not ask(session, gap.source, gap.subject):
            continue
        data = ResendRequested(to=gap.source, subject=gap.subject, first=gap.first, last=gap.last)
        enqueue(
            session,
            service,
            Outgoing(subject=gap.subject, office=gap.office, at=now, data=data, ordered=False),
        )
        log.warning("event.missing", subject=gap.subject, first=gap.first, last=gap.last)


def answer_resends(handlers: Handlers, service: str) -> None:
    """Every service answers requests for its own events."""

    def resend(session: Session, _event: Event, data: ResendRequested) -> None:
        if data.to == service:
            publish_again(session, subject=data.subject, first=data.first, last=data.last)

    handlers.on(ResendRequested, resend)
