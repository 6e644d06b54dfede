"""The forwarder: store-and-forward to the centre, beside the requests and never inside them.

One loop decides from the link's state what may go out: nothing while it is paused, one leased probe while it is
out, one delivery while it is coming back, then as many at once as the ramp allows. Everything it must remember
is in the database, so it may be killed at any point.
"""

import asyncio
import random
from collections import deque
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, cast

import structlog
from fastapi import Depends, Request
from sqlmodel import Session

from services.enrolment_api.delivery import repository as deliveries
from services.enrolment_api.delivery import service
from services.enrolment_api.delivery.centre import CentreClient, Exchange
from services.enrolment_api.delivery.domain import Verdict
from services.enrolment_api.delivery.intake import WAKE as DELIVERY_WAKE
from services.enrolment_api.delivery.ramp import Ramp
from services.enrolment_api.delivery.rate import DrainRate
from services.enrolment_api.delivery.repository import Claim
from services.enrolment_api.delivery.yielding import BREATH, Intake
from services.enrolment_api.link import repository as links
from services.enrolment_api.link import service as link_service
from services.enrolment_api.link.domain import Failure, LinkStatus
from services.enrolment_api.link.service import WAKE as LINK_WAKE
from shared.contracts.central import RecordEnvelope
from shared.contracts.enrolment import LinkState
from shared.database import DatabaseUnavailable
from shared.failpoints import fail_point, fail_point_after
from shared.ids import new_id
from shared.leases import drop_lease, take_lease
from shared.runtime import Runtime

log = structlog.get_logger()

IDLE_PROBE_SECONDS = 15.0
"""With nothing to send the centre is asked this often whether it is there: its death is found before a citizen is."""
LEASE_SECONDS = 900.0
"""A claim outlasts its batch on the thinnest line: 4 MB (service.BATCH_BYTES) at 8 kB/s are 500 s."""
LEASE_FLOOR = 60.0
"""Real seconds a claim lasts at least, however fast the clock runs."""
PROBE_LEASE_SECONDS = 15.0
BUFFER = 64
LINK_GLANCE = 0.5
"""Real seconds for which a link that is online need not be read again."""
SHORTEST_WAIT = 0.02
RETRY_DATABASE_SECONDS = 1.0


class Forwarder:
    """Sends what is due; `run` for the life of the service."""

    def __init__(self, runtime: Runtime, centre: CentreClient, dice: random.Random) -> None:
        self._runtime = runtime
        self._clock = runtime.clock
        self._database = runtime.database
        self._centre = centre
        self._dice = dice
        self._holder = new_id()
        self._woken = asyncio.Event()
        self._buffer: deque[tuple[Claim, bytes]] = deque()
        self._sending: set[asyncio.Task[None]] = set()
        self._last_exchange: datetime | None = None
        self._nothing_due = False
        self._looked_at = float("-inf")
        self._intake = Intake()
        self.ramp = Ramp()
        self.rate = DrainRate()
        self.link = LinkStatus(state=LinkState.ONLINE, since=self._clock.now())
        runtime.database.on_commit(self._wake)

    def _wake(self, info: dict[Any, Any]) -> None:
        if info.get(LINK_WAKE):
            self._looked_at = float("-inf")
        if info.get(DELIVERY_WAKE):
            self._intake.note(asyncio.get_running_loop().time())
            self._nothing_due = False
        # while the link is out a new record changes nothing, and looking at each costs the counters
        if info.get(LINK_WAKE) or (info.get(DELIVERY_WAKE) and self.link.sends):
            self._woken.set()

    async def run(self) -> None:
        """Send for ever; stops in order when cancelled, giving back what was not sent."""
        await self._adopt()
        try:
            while True:
                try:
                    await self._round()
                except DatabaseUnavailable as error:
                    log.warning("forwarder.database_unavailable", reason=str(error))
                    await asyncio.sleep(RETRY_DATABASE_SECONDS)
        finally:
            await self._stop()

    async def _adopt(self) -> None:
        """On SQLite we are alone: whatever is in flight was ours before we were killed."""
        if self._database.dialect == "sqlite":
            adopted = await self._database.write(deliveries.adopt_orphans)
            if adopted:
                log.info("forwarder.adopted", records=adopted)

    async def _stop(self) -> None:
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        with suppress(DatabaseUnavailable):
            await self._give_back()

    async def _round(self) -> None:
        """Look at the link, do what it allows, wait for something to change."""
        self._woken.clear()
        now = self._clock.now()
        await self._look_at_link(now)
        if self.link.state is LinkState.PAUSED:
            await self._give_back()
            await self._wait(IDLE_PROBE_SECONDS)
        elif (patience := self.link.patience(now)) > 0:
            await self._wait(patience)
        elif self.link.state is LinkState.OFFLINE:
            self.ramp.restart()
            await self._probe_leased()
        elif self.link.state is LinkState.PROBING:
            self.ramp.restart()
            await self._send_one_or_probe()
        else:
            await self._send_many(now)

    async def _look_at_link(self, now: datetime) -> None:
        """Read the link again: another replica, or ops, may have moved it."""
        real = asyncio.get_running_loop().time()
        if self.link.state is LinkState.ONLINE and real - self._looked_at < LINK_GLANCE:
            return
        self._looked_at = real
        self.link = await self._database.read(lambda session: links.read_link(session, now))
        self._report_health()

    def _report_health(self) -> None:
        state = "UP" if self.link.state is LinkState.ONLINE else self.link.state.value
        self._runtime.health.set("centre", state, detail=self.link.reason)

    async def _wait(self, seconds: float) -> None:
        """Until woken, at most that many of the clock's seconds."""
        waiting = asyncio.create_task(self._clock.sleep(max(seconds, SHORTEST_WAIT * self._clock.speed)))
        woken = asyncio.create_task(self._woken.wait())
        try:
            await asyncio.wait({waiting, woken, *self._sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            woken.cancel()

    # -- sending

    async def _send_many(self, now: datetime) -> None:
        """Keep as many deliveries out as the ramp allows; with nothing due, ask now and then whether it is there."""
        limit = self.ramp.limit
        if self._intake.is_busy(asyncio.get_running_loop().time()):
            await asyncio.sleep(BREATH)
            limit = 1
        room = limit - len(self._sending)
        if room > 0 and not self._buffer and not self._nothing_due:
            await self._fill(BUFFER)
        while room > 0 and self._buffer:
            self._spawn(*self._buffer.popleft())
            room -= 1
        if self._sending:
            await self._wait(IDLE_PROBE_SECONDS)
        elif not self._buffer:
            await self._idle(now)

    async def _idle(self, now: datetime) -> None:
        # either way: the clock may have been set back
        quiet = (
            abs((now - self._last_exchange).total_seconds()) if self._last_exchange else IDLE_PROBE_SECONDS
        )
        if self.link.failures or quiet >= IDLE_PROBE_SECONDS:
            await self.note(await self._centre.probe())
            quiet = 0.0
        pause = 1.0 if self.link.failures else IDLE_PROBE_SECONDS - quiet
        due = await self._database.read(deliveries.next_due_at)
        if due is not None:
            self._nothing_due = False
            pause = min(pause, max(0.0, (due - self._clock.now()).total_seconds()))
        await self._wait(pause)

    async def _fill(self, most: int) -> None:
        now = self._clock.now()
        lease = max(LEASE_SECONDS, LEASE_FLOOR * self._clock.speed)
        self._buffer.extend(
            await self._database.write(
                lambda session: service.claim(session, now=now, lease_seconds=lease, most=most)
            )
        )
        self._nothing_due = not self._buffer

    def _spawn(self, claim: Claim, packet: bytes) -> None:
        task = asyncio.create_task(self._deliver(claim, packet), name=f"deliver-{claim.id}")
        self._sending.add(task)
        task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # the claim stays IN_FLIGHT; its lease ends and the centre is asked for it
            log.error("delivery.failed", exc_info=error)

    async def _deliver(self, claim: Claim, packet: bytes) -> None:
        """One record: settle an unknown outcome by its key, send it if the centre does not have it, keep the end."""
        exchange = await self._ask(claim) if claim.may_be_there else None
        if exchange is None or exchange.verdict is Verdict.NOT_THERE:
            envelope = RecordEnvelope.model_validate(service.envelope_values(claim))
            fail_point("forwarder.before-send")
            exchange = await self._centre.send(envelope, packet)
        settled = exchange
        now = self._clock.now()
        await self._database.write(
            lambda session: service.settle(session, claim, settled, now=now, dice=self._dice)
        )
        fail_point("forwarder.after-receipt-commit")
        if settled.verdict is Verdict.ACCEPTED:
            self.rate.note(now)
        await self.note(settled)

    @fail_point_after("forwarder.after-ask")
    async def _ask(self, claim: Claim) -> Exchange:
        return await self._centre.ask(claim.id, claim.packet_sha256, office=claim.office)

    # -- probing

    async def _probe_leased(self) -> None:
        """One probe among all replicas."""
        await self._give_back()
        lease = {"name": "central-probe", "holder": self._holder}
        if not await self._database.write(
            lambda session: take_lease(session, seconds=PROBE_LEASE_SECONDS, **lease)
        ):
            await self._wait(1.0)
            return
        try:
            await self.note(await self._centre.probe())
        finally:
            await self._database.write(lambda session: drop_lease(session, **lease))

    async def _send_one_or_probe(self) -> None:
        """Half-open: the centre must take one record, if we have one, before the rest goes."""
        if self._sending:
            await self._wait(1.0)
            return
        if not self._buffer:
            await self._fill(1)
        if self._buffer:
            claim, packet = self._buffer.popleft()
            await self._deliver(claim, packet)
        else:
            await self.note(await self._centre.probe())

    # -- what was seen

    async def note(self, exchange: Exchange) -> None:
        """Tell the ramp and the link; a record's own rejection is a sign that the centre is well."""
        now = self._clock.now()
        self._last_exchange = now
        if not service.destination_failed(exchange):
            self.ramp.succeeded()
            if self.link.state is not LinkState.ONLINE or self.link.failures:
                self.link = await self._database.write(
                    lambda session: link_service.note_success(session, now=now)
                )
            return
        self.ramp.failed()
        failure = exchange.failure or Failure.BAD_ANSWER
        before = self.link.state

        def note(session: Session) -> LinkStatus:
            return link_service.note_failure(
                session, failure=failure, now=now, dice=self._dice, retry_after=exchange.retry_after
            )

        self.link = await self._database.write(note)
        if self.link.state is not before:
            log.warning("link.changed", state=self.link.state, hop=self.link.hop, reason=failure)

    async def _give_back(self) -> None:
        """What was claimed and not begun is as old as it was, for whoever comes first."""
        if not self._buffer:
            return
        claims = [claim for claim, _ in self._buffer]
        self._buffer.clear()
        self._nothing_due = False
        await self._database.write(lambda session: deliveries.release_claims(session, claims))


async def forwarder_of(request: Request) -> Forwarder:
    """The service's forwarder; async, for FastAPI would take a plain function to a thread."""
    return cast(Forwarder, request.app.state.forwarder)


CurrentForwarder = Annotated[Forwarder, Depends(forwarder_of)]
