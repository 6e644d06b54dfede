"""Fetching the centre's decisions by cursor, with a long poll, while the link is up."""

import asyncio

import structlog

from services.enrolment_api.delivery import repository as deliveries
from services.enrolment_api.delivery import service
from services.enrolment_api.delivery.centre import CentreClient, ExchangeFailed, failed_exchange
from services.enrolment_api.delivery.forwarder import Forwarder
from services.enrolment_api.link import repository as links
from shared.database import DatabaseUnavailable
from shared.runtime import Runtime

log = structlog.get_logger()

CURSOR = "results"
LONG_POLL_SECONDS = 20.0
PAUSE_SECONDS = 10.0
SHORTEST_PAUSE = 0.05
"""Real seconds between polls at least: at a scaled clock a long poll ends at once."""


class ResultsFetcher:
    """Applies each decision once and in the centre's order; the cursor moves with them."""

    def __init__(self, runtime: Runtime, centre: CentreClient, forwarder: Forwarder) -> None:
        self._runtime = runtime
        self._centre = centre
        self._forwarder = forwarder

    async def run(self) -> None:
        """Poll for ever; a failure is one more sign of how the link is."""
        while True:
            try:
                fetched = await self._poll_and_note() if self._allowed() else None
            except DatabaseUnavailable as error:
                log.warning("results.database_unavailable", reason=str(error))
                fetched = None
            if fetched is None:
                await self._runtime.clock.sleep(PAUSE_SECONDS)
            if not fetched:
                await asyncio.sleep(SHORTEST_PAUSE)

    async def _poll_and_note(self) -> int | None:
        """Poll; None after a failure, which the link is told. Raises DatabaseUnavailable, of either."""
        try:
            return await self._poll()
        except ExchangeFailed as failed:
            log.info("results.not_fetched", failure=failed.failure)
            await self._forwarder.note(failed_exchange(failed))
            return None

    def _allowed(self) -> bool:
        """What holds deliveries back, an outage or a Retry-After, holds this back too."""
        link = self._forwarder.link
        return link.sends and (link.not_before is None or link.not_before <= self._runtime.clock.now())

    async def _poll(self) -> int:
        database, clock = self._runtime.database, self._runtime.clock
        offices = await database.read(links.office_codes)
        after = await database.read(lambda session: deliveries.load_cursor(session, CURSOR))
        results = await self._centre.results(offices=offices, after=after, wait=LONG_POLL_SECONDS)
        if not results.results:
            return 0
        now = clock.now()
        return await database.write(
            lambda session: service.take_results(session, results=results, cursor=CURSOR, now=now)
        )
