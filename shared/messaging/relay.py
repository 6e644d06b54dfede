"""The relay: publishes the outbox, oldest first, with confirms, and marks what the broker holds.

A publish that failed or timed out may have been delivered all the same: it is published again, and the inbox at
the other end drops the second. A row is never given up.

What goes to a parking queue goes beside the events: a parking queue that is broken holds up none of them.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import aio_pika
import sqlalchemy as sa
import structlog
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import DeliveryError

from shared.contracts.envelope import CONTENT_TYPE
from shared.failpoints import fail_point
from shared.leases import take_lease
from shared.messaging.outbox import WAKE, mark_published, unparked, unpublished
from shared.messaging.topology import EXCHANGE, declare_quorum
from shared.runtime import Runtime

log = structlog.get_logger()

BATCH = 200
WINDOW = 32
"""Publishes that wait for their confirm at once: more is no faster and their slowest waits longer."""
CONFIRM_TIMEOUT = 10.0
IDLE_SECONDS = 1.0
"""Real seconds after which the outbox is looked at even if nothing woke us: another replica may have written."""
PARKED_AGAIN = 10.0
"""Real seconds after which it is tried again to park what could not be parked."""
LEASE_SECONDS = 15.0


class Relay:
    """Publishes one service's outbox over the channel it is given."""

    def __init__(self, runtime: Runtime, holder: str) -> None:
        self._runtime = runtime
        self._holder = holder
        self._woken = asyncio.Event()
        runtime.database.on_commit(self._wake)

    def _wake(self, info: dict[Any, Any]) -> None:
        if info.get(WAKE):
            self._woken.set()

    async def run(self, channel: AbstractChannel) -> None:
        """Publish until the channel fails; raises what the broker raised."""
        exchange = await channel.get_exchange(EXCHANGE, ensure=False)
        while True:
            self._woken.clear()
            if not await self._leading() or not await self._publish_batch(exchange):
                await self._idle()

    async def park(self, channel: AbstractChannel) -> None:
        """Send what was given up to its parking queue until the channel fails; raises what the broker raised."""
        while True:
            rows = await self._runtime.database.read(lambda session: unparked(session, BATCH))
            wait = IDLE_SECONDS
            if rows and await self._leading():
                try:
                    await self._park_all(channel, rows)
                except (DeliveryError, TimeoutError) as error:
                    queue, reason = rows[0].routing_key, repr(error)[:200]
                    log.error("event.not_parked", queue=queue, waiting=len(rows), reason=reason)
                    wait = PARKED_AGAIN
            await asyncio.sleep(wait)

    async def _park_all(self, channel: AbstractChannel, rows: list[sa.Row[Any]]) -> None:
        async with asyncio.timeout(CONFIRM_TIMEOUT):
            await declare_quorum(channel, rows[0].routing_key)  # somebody may have deleted a broken one
        for row in rows:
            await self._publish(channel.default_exchange, row)
            await self._mark([row.id])

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _leading(self) -> bool:
        """One relay at a time: on SQLite there is one process anyway, on PostgreSQL a lease decides."""
        database = self._runtime.database
        if database.dialect == "sqlite":
            return True
        return await database.write(
            lambda session: take_lease(session, name="relay", holder=self._holder, seconds=LEASE_SECONDS)
        )

    async def _publish_batch(self, exchange: AbstractExchange) -> int:
        """Publish what waits, a batch at most; returns how many were confirmed."""
        database = self._runtime.database
        rows = await database.read(lambda session: unpublished(session, BATCH))
        if not rows:
            return 0
        waiting, confirmed = iter(rows), list[int]()
        try:
            async with asyncio.TaskGroup() as window:
                for _ in range(WINDOW):
                    window.create_task(self._publish_in_turn(exchange, waiting, confirmed))
            fail_point("relay.after-confirm")
        finally:
            if confirmed:  # also when one failed: the others are with the broker
                await self._mark(confirmed)
        return len(confirmed)

    async def _mark(self, confirmed: list[int]) -> None:
        at = self._runtime.clock.now()
        await self._runtime.database.write(lambda session: mark_published(session, confirmed, at))
        fail_point("relay.after-mark")
        self._runtime.metrics.events.labels("published").inc(len(confirmed))

    async def _publish_in_turn(
        self, exchange: AbstractExchange, waiting: Iterator[sa.Row[Any]], confirmed: list[int]
    ) -> None:
        """Publish the next that waits, then, with its confirm here, the next after that."""
        for row in waiting:
            await self._publish(exchange, row)
            confirmed.append(row.id)

    @staticmethod
    async def _publish(exchange: AbstractExchange, row: sa.Row[Any]) -> None:
        """Returns when the broker has confirmed it."""
        message = aio_pika.Message(
            bytes(row.body),
            headers=row.headers or {},
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=row.event_id,
        )
        fail_point("relay.before-publish")
        async with asyncio.timeout(CONFIRM_TIMEOUT):
            await exchange.publish(message, row.routing_key, mandatory=True)
        fail_point("relay.after-publish")
