"""The heartbeat: what stopped without a goodbye was a power cut."""

import asyncio
import socket
from contextlib import suppress

import structlog

from services.enrolment_api.link import service
from shared.database import DatabaseUnavailable
from shared.runtime import Runtime

log = structlog.get_logger()

SHORTEST_BEAT = 1.0
"""Real seconds between beats at least."""


class HeartbeatTask:
    """Beats for this node; says goodbye when it is stopped in order."""

    def __init__(self, runtime: Runtime, node: str | None = None) -> None:
        self._runtime = runtime
        self._node = node or socket.gethostname()

    async def notice_power_cut(self) -> None:
        """Before anything else is done after a start."""
        now = self._runtime.clock.now()
        cut = await self._runtime.database.write(
            lambda session: service.notice_power_cut(session, node=self._node, now=now)
        )
        if cut:
            log.warning("power_cut.noticed", node=self._node)

    async def run(self) -> None:
        """Beat until cancelled, then say goodbye."""
        try:
            while True:
                await asyncio.gather(
                    self._runtime.clock.sleep(service.HEARTBEAT_SECONDS), asyncio.sleep(SHORTEST_BEAT)
                )
                with suppress(DatabaseUnavailable):
                    await self._beat(stopped=False)
        finally:
            with suppress(DatabaseUnavailable):
                await self._beat(stopped=True)

    async def _beat(self, *, stopped: bool) -> None:
        now = self._runtime.clock.now()
        await self._runtime.database.write(
            lambda session: service.beat(session, node=self._node, now=now, stopped=stopped)
        )
