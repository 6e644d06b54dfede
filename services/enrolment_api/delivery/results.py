"""Fetching the centre's decisions by cursor, with a long poll, while the link is up."""

import asyncio

import structlog

from services.enrolment_api.delivery import decisions
from services.enrolment_api.delivery.centre import CentreClient, failed_exchange
from services.enrolment_api.delivery.forwarder import Forwarder
from services.enrolment_api.delivery.wire import ExchangeFailed
from services.enrolment_api.link import repository as links
from shared.database import DatabaseUnavailable
from shared.failpoints import fail_point
from shared.runtime import Runtime

log = structlog.get_logger()

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
        self._suspicious = True

    def suspect(self) -> None:
        """The centre may have been restored: see whether its list is still the one we read."""
        self._suspicious = True

    async def run(self) -> None:
        """Poll for ever; a failure is one more sign of how the link is."""
        while True:
            try:
                fetched = await self._poll_and_note() if self._allowed() else None
            except DatabaseUnavailable as error:
                log.warning("results.database_unavailable", reason=str(error))
                fetched = None
            if fetched is None:
                self.suspect()  # an outage's end is how a restored centre comes back
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
        return self._forwarder.link.allows(self._runtime.clock.now())

    async def _poll(self) -> int | None:
        database, clock = self._runtime.database, self._runtime.clock
        offices = await database.read(links.office_codes)
        if self._suspicious:
            await self._check_last(offices)
        after = (await database.read(decisions.load_position)).after
        results = await self._centre.results(offices=offices, after=after, wait=LONG_POLL_SECONDS)
        if not results.results:
            return 0
        now = clock.now()
        taken = await database.write(
            lambda session: decisions.take_results(session, results=results, asked_after=after, now=now)
        )
        fail_point("results.after-commit")
        # a page that leads nowhere would be asked for again at once, and again
        return taken if results.next_after != after else None

    async def _check_last(self, offices: list[str]) -> None:
        """Ask for the last decision once more; when the centre does not have it, read from the start again."""
        position = await self._runtime.database.read(decisions.load_position)
        if position.last_seen:
            page = await self._centre.results(offices=offices, after=position.before, wait=0)
            if not decisions.is_still_there(position, page) and await self._runtime.database.write(
                lambda session: decisions.rewind(session, seen=position)
            ):
                log.warning("results.rewound", after=position.after)
        self._suspicious = False
