"""The relay: publishes the outbox, oldest first, with confirms, and marks what the broker holds.

A publish that failed or timed out may have been delivered all the same: it is published again, and the inbox at
the other end drops the second. A row is never given up.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import aio_pika
import sqlalchemy as sa
import structlog
from aio_pika.abc import AbstractChannel, AbstractExchange

from shared.contracts.envelope import CONTENT_TYPE
from shared.failpoints import fail_point
from shared.leases import take_lease
from shared.messaging.outbox import WAKE, mark_published, unpublished
from shared.messaging.topology import EXCHANGE
from shared.runtime import Runtime

log = structlog.get_logger()

BATCH = 200
WINDOW = 32
"""Publishes that wait for their confirm at once: more is no faster and their slowest waits longer."""
CONFIRM_TIMEOUT = 10.0
IDLE_SECONDS = 1.0
"""Real seconds after which the outbox is looked at even if nothing woke us: another replica may have written."""
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
        exchanges = {
            EXCHANGE: await channel.get_exchange(EXCHANGE, ensure=False),
            "": channel.default_exchange,
        }
        while True:
            self._woken.clear()
            if not await self._leading() or not await self._publish_batch(exchanges):
                await self._idle()

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

    async def _publish_batch(self, exchanges: dict[str, AbstractExchange]) -> int:
        """Publish what waits, a batch at most; returns how many were confirmed."""
        database = self._runtime.database
        rows = await database.read(lambda session: unpublished(session, BATCH))
        if not rows:
            return 0
        waiting, confirmed = iter(rows), list[int]()
        try:
            async with asyncio.TaskGroup() as window:
                for _ in range(WINDOW):
                    window.create_task(self._publish_in_turn(exchanges, waiting, confirmed))
            fail_point("relay.after-confirm")
        finally:
            if confirmed:  # also when one failed: the others are with the broker
                at = self._runtime.clock.now()
                await database.write(lambda session: mark_published(session, confirmed, at))
                fail_point("relay.after-mark")
                self._runtime.metrics.events.labels("published").inc(len(confirmed))
        return len(confirmed)

    async def _publish_in_turn(
        self, exchanges: dict[str, AbstractExchange], waiting: Iterator[sa.Row[Any]], confirmed: list[int]
    ) -> None:
        """Publish the next that waits, then, with its confirm here, the next after that."""
        for row in waiting:
            message = aio_pika.Message(
                bytes(row.body),
                headers=row.headers or {},
                content_type=CONTENT_TYPE,
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                message_id=row.event_id,
            )
            fail_point("relay.before-publish")
            async with asyncio.timeout(CONFIRM_TIMEOUT):
                await exchanges[row.exchange].publish(message, row.routing_key, mandatory=True)
            fail_point("relay.after-publish")
            confirmed.append(row.id)
