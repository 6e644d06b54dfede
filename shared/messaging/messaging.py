"""A service's whole traffic with the broker: one connection at a time, rebuilt whenever anything about it is off.

The library's own reconnecting connection can look healthy with its consumers gone, and a frozen broker makes it
raise CancelledError into a task that nobody cancelled. So nothing is mended here: any failure ends the session,
and the next one starts from nothing.
"""

import asyncio
import random
from contextlib import suppress

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.connection import make_url

from shared.health import Health
from shared.ids import new_id
from shared.lifecycle import CANCEL_AGAIN, BackgroundTasks, end, within
from shared.messaging import topology
from shared.messaging.consumer import Consumer
from shared.messaging.handlers import Handlers
from shared.messaging.relay import Relay
from shared.messaging.watch import BrokerSessionEnded, watch
from shared.runtime import Runtime

log = structlog.get_logger()

CONNECT_TIMEOUT = 10.0
HEARTBEAT_SECONDS = 10
CONSUME_TIMEOUT = 10.0
CLOSE_TIMEOUT = 2.0
FIRST_DELAY = 0.5
MAX_DELAY = 10.0
REFUSALS = 3
"""Sessions in a row in which the queue could be declared and not consumed; then it is broken, and is made anew."""


class Messaging:
    """Relay and consumer of one service over the broker; the service does its whole job without it."""

    def __init__(
        self,
        *,
        service: str,
        runtime: Runtime,
        subscription: topology.Subscription,
        handlers: Handlers,
        dice: random.Random | None = None,
    ) -> None:
        self._runtime = runtime
        self._health: Health = runtime.health
        self._dice = dice or random.Random()
        self._relay = Relay(runtime, holder=f"{service}:{new_id()}")
        self._consumer = Consumer(service, runtime, subscription, handlers)
        self._subscription = subscription
        self._connected = False
        self._refusals = 0
        self._health.set("broker", "DOWN", detail="not connected yet")

    def start(self, tasks: BackgroundTasks) -> None:
        """Run for the life of the service."""
        tasks.start("messaging", self.run)
        tasks.start("inbox", self._consumer.run_inbox)

    async def run(self) -> None:
        """Keep a session with the broker; wait longer after each that was refused or failed early, with jitter."""
        failures = 0
        while True:
            try:
                await self._session()
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
                reason = repr(error)  # raised by the library, not by our owner
            except Exception as error:  # noqa: BLE001  # whatever it was, the next session starts from nothing
                reason = _first_reason(error)
            else:
                reason = "ended"
            failures = self._refusals if self._connected else failures + 1
            self._connected = False
            self._health.set("broker", "DOWN", detail=reason[:200])
            log.warning("broker.session_ended", reason=reason[:200])
            delay = min(MAX_DELAY, FIRST_DELAY * 2.0 ** min(failures, 10))
            await asyncio.sleep(self._dice.uniform(delay / 2, delay))

    async def _session(self) -> None:
        """Connect, declare, consume and relay until something ends."""
        url = self._runtime.settings.broker_url.get_secret_value()
        # made apart from connecting: one that never connected still has to be closed, or its end is left to chance
        connection = aio_pika.Connection(make_url(url, heartbeat=HEARTBEAT_SECONDS))
        try:
            await within(CONNECT_TIMEOUT, connection.connect())
            await topology.declare(connection)
            self._connected = True
            await self._consume(connection)
            self._health.set("broker", "UP")
            log.info("broker.connected")
            await self._traffic(connection)
        finally:
            with suppress(Exception, asyncio.CancelledError):
                await within(CLOSE_TIMEOUT, connection.close())

    async def _consume(self, connection: AbstractConnection) -> None:
        """Begin to consume; from a queue made anew when the broker has let nobody consume the old one.

        What was in it is still in its publisher's outbox, and is asked for by marks.
        """
        if self._refusals >= REFUSALS:
            log.error("broker.queue_replaced", queue=self._subscription.queue, refusals=self._refusals)
            await topology.replace(connection, self._subscription)
        self._refusals += 1  # until it went well: what a refusal raises is the library's affair
        await within(CONSUME_TIMEOUT, self._consumer.consume(connection))
        self._refusals = 0

    async def _traffic(self, connection: AbstractConnection) -> None:
        # apart, for a queue that never answers may hold up all that a channel publishes
        publishing, parking = (
            connection.channel(publisher_confirms=True, on_return_raises=True) for _ in range(2)
        )
        for channel in (publishing, parking):
            await within(CONNECT_TIMEOUT, channel.initialize())
        work = {
            asyncio.create_task(self._relay.run(publishing), name="relay"),
            asyncio.create_task(self._relay.park(parking), name="parking"),
            asyncio.create_task(self._consumer.marks.run(publishing), name="marks"),
            asyncio.create_task(watch(connection, self._consumer), name="broker-watch"),
        }
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.cancelled():
                    raise BrokerSessionEnded(f"{task.get_name()} was cancelled by the library")
                task.result()
        finally:
            await end(work, again=CANCEL_AGAIN)


def _first_reason(error: BaseException) -> str:
    """What to say of an error or a group of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
