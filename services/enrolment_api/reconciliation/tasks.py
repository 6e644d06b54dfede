"""The reconciler: compares each office's recent days with the centre, by itself and when a supervisor asks.

It runs beside the requests and while the link is ONLINE only. One replica at a time holds the lease; the times are
rows in the database, so nothing is forgotten by a restart and two replicas never disagree.
"""

import asyncio
import random
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog

from services.enrolment_api.delivery.centre import CentreClient, failed_exchange
from services.enrolment_api.delivery.forwarder import Forwarder
from services.enrolment_api.delivery.wire import ExchangeFailed
from services.enrolment_api.link import repository as links
from services.enrolment_api.link.domain import Failure, LinkStatus
from services.enrolment_api.link.service import WAKE as LINK_WAKE
from services.enrolment_api.reconciliation import repository, runs
from services.enrolment_api.reconciliation.asking import RequestRefused, compare
from services.enrolment_api.reconciliation.domain import Disagreements, Found, Line, Policy, disagreements
from services.enrolment_api.reconciliation.runs import Days, Run
from services.enrolment_api.reconciliation.service import WAKE
from shared.contracts.central import ReconciliationEntry, ReconciliationRequest
from shared.contracts.enrolment import LinkState
from shared.database import DatabaseUnavailable
from shared.ids import new_id
from shared.leases import drop_lease, take_lease
from shared.runtime import Runtime

log = structlog.get_logger()

EVERY_SECONDS = 15.0
PLAN_SECONDS = 300.0
"""So often days get their times, and whenever the link came back: it reads something of every office."""
SHORTEST_PAUSE = 1.0
"""Real seconds between two looks at least, unless somebody asks: at a scaled clock they would follow each other."""
LEASE_SECONDS = 15.0
"""Real seconds after which another replica takes over from one that was killed; renewed as long as one compares."""
MOST_ENTRIES = 20_000
SENT_AGAIN_AT_ONCE = 5
"""Records in one transaction, 3 ms each: the counters wait for it on SQLite."""


class Reconciler:
    """Compares what is due; `run` for the life of the service."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        centre: CentreClient,
        forwarder: Forwarder,
        policy: Policy,
        dice: random.Random | None = None,
    ) -> None:
        self._clock = runtime.clock
        self._database = runtime.database
        self._centre = centre
        self._forwarder = forwarder
        self._policy = policy
        self._dice = dice or random.Random()
        self._holder = new_id()
        self._woken = asyncio.Event()
        self._planned_for: datetime | None = None
        self._planned_at: datetime | None = None
        metrics = runtime.metrics
        self._found = metrics.gauge(
            "ektp_reconciliation_findings",
            "Disagreements with the centre in the last comparisons",
            ("found",),
        )
        self._sent_again = metrics.counter(
            "ektp_records_sent_again_total", "Records the centre had acknowledged and did not hold"
        )
        runtime.database.on_commit(self._wake)

    def _wake(self, info: dict[Any, Any]) -> None:
        if info.get(WAKE) or info.get(LINK_WAKE):
            self._woken.set()

    async def run(self) -> None:
        """Compare for ever."""
        try:
            while True:
                self._woken.clear()
                try:
                    await self._round()
                except DatabaseUnavailable as error:
                    log.warning("reconciliation.database_unavailable", reason=str(error))
                await self._wait()
        finally:
            await self._give_lease_back()

    async def _wait(self) -> None:
        """Until it is time to look again, or somebody asks for a day."""
        looking = asyncio.create_task(self._pause())
        woken = asyncio.create_task(self._woken.wait())
        try:
            await asyncio.wait({looking, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            looking.cancel()
            woken.cancel()

    async def _pause(self) -> None:
        await asyncio.gather(self._clock.sleep(EVERY_SECONDS), asyncio.sleep(SHORTEST_PAUSE))

    async def _round(self) -> None:
        """Give days their times, then compare all that are due while the centre can be reached."""
        link = await self._link()
        if link is None:
            return
        days, due = await self._look(link)
        if not (days or due) or not await self._take_over():
            return
        keeping = asyncio.create_task(self._keep_lease(), name="reconciliation-lease")
        try:
            if days:
                await self._database.write(lambda session: runs.schedule(session, days=days))
            while await self._link() is not None and await self._lease() and await self._compare_next():
                pass
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self._give_lease_back()

    async def _link(self) -> LinkStatus | None:
        """The link, if anything may go out over it now."""
        now = self._clock.now()
        link = await self._database.read(lambda session: links.read_link(session, now))
        return link if link.state is LinkState.ONLINE and link.allows(now) else None

    async def _look(self, link: LinkStatus) -> tuple[Days, bool]:
        """Which days need a time, and whether one is due. Reads only: an idle office writes nothing."""
        now = self._clock.now()
        days: Days = {}
        if self._must_plan(link, now):
            days = await self._database.read(
                lambda session: runs.plan(
                    session, online_since=link.since, now=now, policy=self._policy, dice=self._dice
                )
            )
            self._planned_for, self._planned_at = link.since, now
        return days, await self._database.read(lambda session: repository.anything_due(session, now))

    def _must_plan(self, link: LinkStatus, now: datetime) -> bool:
        """Also when the clock was set: a day that is new needs a time."""
        if not self._policy.days:
            return False
        if self._planned_at is None or self._planned_for != link.since:
            return True
        return abs((now - self._planned_at).total_seconds()) >= PLAN_SECONDS

    async def _take_over(self) -> bool:
        now = self._clock.now()
        return await self._database.write(
            lambda session: runs.take_over(session, holder=self._holder, seconds=LEASE_SECONDS, now=now)
        )

    async def _lease(self) -> bool:
        return await self._database.write(
            lambda session: take_lease(session, name=runs.LEASE, holder=self._holder, seconds=LEASE_SECONDS)
        )

    async def _keep_lease(self) -> None:
        """Renew it while a day is compared, which takes a thin line minutes, until somebody else has it."""
        held = True
        while held:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with suppress(DatabaseUnavailable):
                held = await self._lease()

    async def _give_lease_back(self) -> None:
        try:
            await self._database.write(
                lambda session: drop_lease(session, name=runs.LEASE, holder=self._holder)
            )
        except DatabaseUnavailable:
            return  # it ends by itself

    async def _compare_next(self) -> bool:
        """One day; False when none is due, or when the centre does not answer: then the others wait too."""
        now = self._clock.now()
        begun = await self._database.write(lambda session: runs.begin(session, now=now))
        if begun is None:
            return False
        run = await self._database.read(lambda session: runs.with_lines(session, begun))
        try:
            found = disagreements(run.lines, [await compare(self._centre, each) for each in _questions(run)])
        except RequestRefused as refused:
            await self._fail(run, str(refused), None)
            return True
        except ExchangeFailed as failed:
            await self._fail(run, failed.failure.value, failed.retry_after)
            if failed.failure is Failure.BUSY:
                # the centre asks for patience: of deliveries too. Any other failure the forwarder finds by itself.
                await self._forwarder.note(failed_exchange(failed))
            return False
        await self._settle(run, found)
        return True

    async def _fail(self, run: Run, reason: str, retry_after: float | None) -> None:
        now = self._clock.now()
        log.warning("reconciliation.failed", office=run.office, day=run.day.isoformat(), reason=reason)
        await self._database.write(
            lambda session: runs.fail(
                session, run=run, reason=reason, retry_after=retry_after, now=now, dice=self._dice
            )
        )

    async def _settle(self, run: Run, found: Disagreements) -> None:
        """Mend what can be mended, keep the rest for a person."""
        sent_again: list[str] = []
        for start in range(0, len(found.missing), SENT_AGAIN_AT_ONCE):
            sent_again += await self._send_again(run, found.missing[start : start + SENT_AGAIN_AT_ONCE])
        await self._database.write(
            lambda session: runs.finish(
                session,
                run=run,
                found=found,
                sent_again=sent_again,
                policy=self._policy,
                now=self._clock.now(),
                dice=self._dice,
            )
        )
        if sent_again:
            self._sent_again.inc(len(sent_again))
        await self._show_findings()

    async def _send_again(self, run: Run, lines: list[Line]) -> list[str]:
        now, grace = self._clock.now(), self._policy.grace
        return await self._database.write(
            lambda session: runs.give_back(session, run=run, lines=lines, grace=grace, now=now)
        )

    async def _show_findings(self) -> None:
        counted = await self._database.read(repository.count_current)
        for kind in Found:
            self._found.labels(kind.value).set(counted[kind])


def _questions(run: Run) -> list[ReconciliationRequest]:
    """The day's list, in as many parts as the contract's limit asks for; a day of nobody is asked for too."""
    parts = [run.lines[start : start + MOST_ENTRIES] for start in range(0, len(run.lines), MOST_ENTRIES)]
    return [
        ReconciliationRequest(
            office=run.office,
            date=run.day,
            entries=[ReconciliationEntry(key=line.key, sha256=line.sha256) for line in part],
        )
        for part in parts or [()]
    ]
