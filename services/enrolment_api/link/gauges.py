"""The link and the backlog as metrics, so that an alarm rings before a citizen does."""

import asyncio

import structlog

from services.enrolment_api.link import repository as links
from shared.contracts.enrolment import LinkState
from shared.database import DatabaseUnavailable
from shared.runtime import Runtime

log = structlog.get_logger()

EVERY_SECONDS = 5.0
"""Real seconds; what is read is counted as it changes, so it costs the same at any backlog."""


class LinkGauges:
    """Reads the link and the backlog now and then."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        metrics = runtime.metrics
        self._backlog = metrics.gauge("ektp_backlog_records", "Records not at the centre yet", ("office",))
        self._oldest = metrics.gauge(
            "ektp_oldest_unsent_seconds", "Age of the oldest record not at the centre"
        )
        self._state = metrics.gauge("ektp_central_link", "1 for the state the link is in, else 0", ("state",))

    async def run(self) -> None:
        """Read for ever; while the database is away the gauges keep what they showed."""
        while True:
            try:
                await self._read()
            except DatabaseUnavailable as error:
                log.warning("gauges.database_unavailable", reason=str(error))
            await asyncio.sleep(EVERY_SECONDS)

    async def _read(self) -> None:
        now = self._runtime.clock.now()
        database = self._runtime.database
        link = await database.read(lambda session: links.read_link(session, now))
        backlogs = await database.read(links.backlogs)
        oldest = await database.read(links.oldest_unsent)
        for state in LinkState:
            self._state.labels(state.value).set(state is link.state)
        for office, records in backlogs.items():
            self._backlog.labels(office).set(records)
        self._oldest.set((now - oldest).total_seconds() if oldest else 0.0)
