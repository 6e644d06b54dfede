"""The link and its probe against many who see exchanges fail and work: one probe at a time, and never stuck.

The link's transactions on SQLite, replicas that may die with the probe's lease in hand, and a clock of ours.
"""

import random
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlmodel import Session

from services.enrolment_api.delivery.forwarder import PROBE_LEASE_SECONDS
from services.enrolment_api.link import repository as links
from services.enrolment_api.link import service
from services.enrolment_api.link.domain import (
    MAX_PROBE_DELAY,
    MAX_RETRY_AFTER,
    Failure,
    LinkAction,
)
from services.enrolment_api.offices.service import load_unknown
from services.enrolment_api.registry import EnrolmentModel
from shared import leases
from shared.contracts.enrolment import CentralLinkChanged, LinkState
from shared.contracts.envelope import Event
from shared.database import connection_of
from shared.problems import IllegalAction
from shared.sample import load_offices
from shared.tables import outbox

START = datetime(2016, 9, 16, 1, tzinfo=UTC)
OFFICES = load_offices(None)[:2]
REPLICAS = ("first", "second", "third")
LEASE = "central-probe"
RETRY_AFTER = st.none() | st.sampled_from([1.0, 60.0, 1e7])


class OurTime(datetime):
    """What a lease takes for the machine's time."""

    shown: ClassVar[datetime] = START

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a plain datetime is meant
        return cls.shown


class LinkRules(RuleBasedStateMachine):
    """Replicas of a service, and a centre that is up or not."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(leases, "datetime", OurTime)
        self.connection = sa.create_engine("sqlite://").connect()
        EnrolmentModel.metadata.create_all(self.connection)
        self.connection.commit()
        self.now = START
        self.dice = random.Random(7)
        self.probing: dict[str, datetime] = {}
        """Who is at a probe, and until when nobody else may be."""
        self.link = self.run(lambda session: links.load_link(session, self.now))
        self.run(lambda session: load_unknown(session, OFFICES))

    def run(self, work: Any) -> Any:
        self.pass_time(0.001)
        with Session(bind=self.connection, autoflush=False, expire_on_commit=False) as session:
            result = work(session)
            session.commit()
        return result

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        OurTime.shown = self.now

    # What is seen of the centre

    @rule(failure=st.sampled_from(Failure), retry_after=RETRY_AFTER, times=st.integers(1, 4))
    def exchanges_fail(self, failure: Failure, retry_after: float | None, times: int) -> None:
        for _ in range(times):
            self.link = self.run(
                lambda session: service.note_failure(
                    session, failure=failure, now=self.now, dice=self.dice, retry_after=retry_after
                )
            )

    @rule(times=st.integers(1, 3))
    def exchanges_work(self, times: int) -> None:
        for _ in range(times):
            self.link = self.run(lambda session: service.note_success(session, now=self.now))

    @rule(action=st.sampled_from(LinkAction))
    def ops_act(self, action: LinkAction) -> None:
        try:
            self.link = self.run(lambda session: service.act(session, action=action, by="ops", now=self.now))
        except IllegalAction:
            assert (action is LinkAction.RESUME) != (self.link.state is LinkState.PAUSED)

    @rule(seconds=st.sampled_from([0.5, 5.0, MAX_PROBE_DELAY]))
    def time_passes(self, seconds: float) -> None:
        self.pass_time(seconds)

    # The probe: many look at the link at the same moment

    @precondition(lambda self: self.link.state is LinkState.OFFLINE)
    @rule(everybody=st.permutations(REPLICAS), dies=st.booleans())
    def all_want_to_probe(self, everybody: list[str], dies: bool) -> None:
        winners = [who for who in everybody if self.take(who)]
        assert len(winners) <= 1, "one probe among all replicas"
        assert winners or self.others_probe("nobody"), "somebody may"
        if winners and dies:
            return  # with the lease in hand
        for who in winners:
            self.run(lambda session, who=who: leases.drop_lease(session, name=LEASE, holder=who))
            del self.probing[who]

    def take(self, who: str) -> bool:
        taken = self.run(
            lambda session: leases.take_lease(session, name=LEASE, holder=who, seconds=PROBE_LEASE_SECONDS)
        )
        if taken:
            assert not self.others_probe(who)
            self.probing = {who: self.now + timedelta(seconds=PROBE_LEASE_SECONDS)}
        return bool(taken)

    def others_probe(self, who: str) -> bool:
        return any(until >= self.now for other, until in self.probing.items() if other != who)

    # What must always be so

    @invariant()
    def what_is_kept_is_what_was_decided(self) -> None:
        assert self.run(lambda session: links.read_link(session, self.now)) == self.link

    @invariant()
    def patience_has_an_end(self) -> None:
        if self.link.not_before is not None:
            longest = timedelta(seconds=max(MAX_PROBE_DELAY, MAX_RETRY_AFTER))
            assert self.link.not_before <= self.now + longest

    @invariant()
    def each_office_has_an_outage_while_the_link_is_out(self) -> None:
        open_ones = self.run(links.open_outages)
        if self.link.state is LinkState.OFFLINE:
            assert set(open_ones) == {office.code for office in OFFICES}
        if self.link.state is LinkState.ONLINE:
            assert open_ones == {}

    def told(self) -> list[tuple[str, CentralLinkChanged]]:
        bodies = self.run(
            lambda session: list(
                connection_of(session).execute(sa.select(outbox.c.body).order_by(outbox.c.id)).scalars()
            )
        )
        events = [Event.decode(bytes(body)) for body in bodies]
        return [(event.office, CentralLinkChanged.model_validate(event.data)) for event in events]

    def teardown(self) -> None:
        """A centre that is well is found to be so, by one probe and one delivery, within the longest patience."""
        try:
            if self.link.state is LinkState.PAUSED:
                self.ops_act(LinkAction.RESUME)
            self.pass_time(max(MAX_RETRY_AFTER, MAX_PROBE_DELAY) + PROBE_LEASE_SECONDS + 1)
            for _ in range(2):
                assert self.link.not_before is None or self.link.not_before <= self.now
                assert self.take("first"), "whoever died with the lease holds nobody up"
                self.exchanges_work(1)
            assert self.link.state is LinkState.ONLINE
            self.what_is_told_opens_and_closes_each_outage_once()
        finally:
            self.connection.close()
            self.connection.engine.dispose()
            self.patch.undo()

    def what_is_told_opens_and_closes_each_outage_once(self) -> None:
        for office in OFFICES:
            said = [change for code, change in self.told() if code == office.code]
            states = [change.state for change in said]
            assert all(one != other for one, other in pairwise(states)), "news are new"
            closed = [change.outage_id for change in said if change.outage_until]
            opened = list(dict.fromkeys(change.outage_id for change in said if change.outage_id))
            assert closed == opened, "one after the other, none left open"


TestLinkRules = LinkRules.TestCase
TestLinkRules.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
