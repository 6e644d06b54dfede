"""Deliveries against a centre that is out, silent, or wrong about a record, and deaths at every step.

The forwarder's transactions on SQLite, with a centre of a dictionary and two workers whose claims may overlap
when a lease ends: one can stand still with an answer in its hand and go on much later. In the end each record is at
the centre once, or was quarantined, and an outage has cost nobody an attempt.
"""

import hashlib
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlmodel import Session, select

from services.enrolment_api.delivery import repository, service
from services.enrolment_api.delivery.centre import Exchange
from services.enrolment_api.delivery.domain import (
    MAX_DELAY,
    MAX_REJECTIONS,
    DeliveryAction,
    DeliveryState,
    Verdict,
)
from services.enrolment_api.delivery.lost import send_again
from services.enrolment_api.delivery.models import Backlog, Delivery
from services.enrolment_api.delivery.repository import Claim
from services.enrolment_api.registry import EnrolmentModel
from shared.contracts.central import SignedReceipt
from shared.problems import IllegalAction
from shared.security import Principal, Role
from tests.enrolments import OFFICE, complete_record

SUPERVISOR = Principal("sri", frozenset({Role.SUPERVISOR}), frozenset({OFFICE}))
START = datetime(2016, 9, 16, 1, tzinfo=UTC)
LEASE = 900.0
WORKERS = st.sampled_from(["first", "second"])
OUT = st.sampled_from([Verdict.NOT_SENT, Verdict.BUSY, Verdict.UNKNOWN])
FINAL = {DeliveryState.ACKNOWLEDGED.value, DeliveryState.QUARANTINED.value}
T = TypeVar("T")


@dataclass(frozen=True)
class Fate:
    """How the exchanges about one claim go; None is a centre that is well."""

    asking: Verdict | None = None
    sending: Verdict | None = None
    takes: bool = False
    """The centre took what it did not answer."""
    dies: bool = False
    """The process, before it has written down what came of it."""
    freezes: bool = False
    """The process, with the answer in its hand, until it thaws."""


WELL = Fate()
FATES = st.builds(
    Fate,
    asking=st.none() | OUT,
    sending=st.none() | OUT | st.just(Verdict.REJECTED),
    takes=st.booleans(),
    dies=st.sampled_from([False, False, False, True]),
    freezes=st.sampled_from([False, False, True]),
)


@dataclass
class Centre:
    """What it holds, how often each key took effect, and whom it has refused how often."""

    held: dict[str, str] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    def take(self, key: str, sha: str) -> None:
        if key not in self.held:
            self.applied[key] = self.applied.get(key, 0) + 1
        self.held[key] = sha

    def receipt(self, key: str, now: datetime) -> Exchange:
        receipt = SignedReceipt(
            receipt_number=f"C-{key[-6:]}",
            key=key,
            packet_sha256=self.held[key],
            received_at=now,
            signature="",
        )
        return Exchange(Verdict.ACCEPTED, receipt=receipt)


class DeliveryRules(RuleBasedStateMachine):
    """An office's deliveries, two workers, a centre."""

    def __init__(self) -> None:
        super().__init__()
        structlog.configure(processors=[structlog.processors.JSONRenderer()], logger_factory=_silent)
        self.connection = sa.create_engine("sqlite://").connect()
        EnrolmentModel.metadata.create_all(self.connection)
        self.connection.commit()
        self.now = START
        self.dice = random.Random(26)
        self.centre = Centre()
        self.records: list[str] = []
        self.unsettled: set[str] = set()
        """Sent, and nobody knows what became of it."""
        self.frozen: list[tuple[Claim, Exchange]] = []
        """Answers in the hands of workers that stand still."""
        self.claims: dict[str, list[tuple[Claim, bytes]]] = {"first": [], "second": []}

    def run(self, work: Callable[[Session], T]) -> T:
        """One transaction; time passes, so that nothing happens at once."""
        self.now += timedelta(milliseconds=1)
        with Session(bind=self.connection, autoflush=False, expire_on_commit=False) as session:
            result = work(session)
            session.commit()
        return result

    # What the office does

    @rule(count=st.integers(1, 3))
    def complete(self, count: int) -> None:
        for _ in range(count):
            self.records.append(self.run(lambda session: complete_record(session, at=self.now)))

    # What the forwarder does

    @rule(worker=WORKERS, most=st.integers(0, 4), fates=st.lists(FATES, min_size=1, max_size=4))
    def work(self, worker: str, most: int, fates: list[Fate]) -> None:
        """Claim some more and deliver some of what is claimed."""
        self.claim(worker, most)
        for fate in fates:
            if self.claims[worker]:
                self.deliver(*self.claims[worker].pop(0), fate)

    def claim(self, worker: str, most: int) -> None:
        new = self.run(lambda session: service.claim(session, now=self.now, lease_seconds=LEASE, most=most))
        self.claims[worker] += new

    def deliver(self, claim: Claim, packet: bytes, fate: Fate) -> None:
        """As the forwarder does with one claim."""
        if claim.may_be_there:
            exchange = self._ask(claim, fate.asking)
        else:
            assert claim.id not in self.unsettled or not self.is_current(claim), (
                "asked for before it is sent again"
            )
            exchange = Exchange(Verdict.NOT_THERE)
        if exchange.verdict is Verdict.NOT_THERE:
            exchange = self._send(claim, packet, fate)
        if fate.dies:
            return  # its claim stays IN_FLIGHT, whatever the centre has
        if exchange.verdict is Verdict.REJECTED:
            self.centre.refused[claim.id] = self.centre.refused.get(claim.id, 0) + 1
        if fate.freezes:
            self.unsettled.add(claim.id)
            self.frozen.append((claim, exchange))
        else:
            self.settle(claim, exchange)

    def is_current(self, claim: Claim) -> bool:
        """Whether nobody has claimed or settled the delivery since."""
        delivery = self.delivery(claim.id)
        return delivery.state == DeliveryState.IN_FLIGHT.value and delivery.sends == claim.number

    def settle(self, claim: Claim, exchange: Exchange) -> None:
        current, before = self.is_current(claim), self.delivery(claim.id).model_dump()
        self.run(lambda session: service.settle(session, claim, exchange, now=self.now, dice=self.dice))
        if not current and exchange.verdict is not Verdict.ACCEPTED:
            assert self.delivery(claim.id).model_dump() == before, "what is no longer ours stays as it is"

    @precondition(lambda self: self.frozen)
    @rule(data=st.data())
    def thaw(self, data: st.DataObject) -> None:
        """A worker goes on, its lease long over perhaps."""
        self._go_on(data.draw(st.integers(0, len(self.frozen) - 1)))

    def _go_on(self, number: int) -> None:
        claim, exchange = self.frozen.pop(number)
        if self.is_current(claim) and exchange.verdict is not Verdict.UNKNOWN:
            self.unsettled.discard(claim.id)
        self.settle(claim, exchange)

    def _ask(self, claim: Claim, failure: Verdict | None) -> Exchange:
        if failure is not None:
            return Exchange(failure)
        self.unsettled.discard(claim.id)
        if claim.id in self.centre.held:
            return self.centre.receipt(claim.id, self.now)
        return Exchange(Verdict.NOT_THERE)

    def _send(self, claim: Claim, packet: bytes, fate: Fate) -> Exchange:
        sha, failure = hashlib.sha256(packet).hexdigest(), fate.sending
        assert sha == claim.packet_sha256, "the same bytes under the same key, always"
        if failure is Verdict.REJECTED and claim.id in self.centre.held:
            failure = None  # what it holds it does not refuse
        if failure is None or (failure is Verdict.UNKNOWN and fate.takes):
            self.centre.take(claim.id, sha)
        if failure is Verdict.UNKNOWN or fate.dies:
            self.unsettled.add(claim.id)
        return self.centre.receipt(claim.id, self.now) if failure is None else Exchange(failure, reason="!")

    @precondition(lambda self: self.records)
    @rule(data=st.data(), what=st.sampled_from(["acts", "forgets", "gives back", "dies", "adopts"]))
    def now_and_then(self, data: st.DataObject, what: str) -> None:
        record = data.draw(st.sampled_from(self.records))
        match what:
            case "acts":
                self._supervise(record, data.draw(st.sampled_from(DeliveryAction)))
            case "forgets":
                self._forget(record)
            case "gives back":
                claims = [claim for claim, _ in self.claims["first"]]
                self.claims["first"].clear()
                self.run(lambda session: repository.release_claims(session, claims) if claims else None)
            case _:
                self._die(adopted=what == "adopts")

    def _supervise(self, record: str, action: DeliveryAction) -> None:
        with suppress(IllegalAction):
            after = self.run(
                lambda session: service.act(
                    session, delivery_id=record, action=action, principal=SUPERVISOR, now=self.now
                )
            )
            if action is DeliveryAction.RELEASE:
                self.centre.refused[record] = 0
                assert after.attempts == 0

    def _forget(self, record: str) -> None:
        """The centre loses a record, and is found out."""
        if record not in self.centre.held or self._is_being_acknowledged(record):
            return
        del self.centre.held[record]
        self.centre.applied[record] -= 1
        receipt = self.delivery(record).receipt_number
        self.run(
            lambda session: send_again(
                session, record_id=record, receipt_number=receipt, older_than=self.now, now=self.now
            )
        )

    def _is_being_acknowledged(self, record: str) -> bool:
        """What is lost between a receipt and its arrival only the next comparison can find."""
        on_its_way = any(claim.id == record and each.receipt for claim, each in self.frozen)
        return on_its_way and self.delivery(record).state != DeliveryState.ACKNOWLEDGED.value

    def _die(self, *, adopted: bool) -> None:
        """On SQLite one process has it all and adopts what was in flight; else the leases have to end."""
        for claims in self.claims.values():
            claims.clear()
        self.frozen.clear()
        if adopted:
            self.run(repository.adopt_orphans)

    @rule(seconds=st.sampled_from([1.0, MAX_DELAY + 1, LEASE + 1]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # What must always be so

    def delivery(self, record: str) -> Delivery:
        return self.run(lambda session: session.exec(select(Delivery).where(Delivery.id == record)).one())

    def deliveries(self) -> list[Delivery]:
        return self.run(lambda session: list(session.exec(select(Delivery))))

    @invariant()
    def the_books_are_right(self) -> None:
        found = self.deliveries()
        waiting = [each for each in found if each.state not in FINAL]
        backlog = self.run(lambda session: session.exec(select(Backlog)).first())
        counted = (backlog.records, backlog.bytes) if backlog else (0, 0)
        assert counted == (len(waiting), sum(each.packet_bytes for each in waiting))
        for each in found:
            assert (each.next_attempt_at is None) == (each.state in FINAL), (
                "what is not at its end comes up again"
            )
            assert each.attempts <= min(MAX_REJECTIONS, self.centre.refused.get(each.id, 0)), (
                "an outage is free"
            )
            if each.state == DeliveryState.ACKNOWLEDGED.value:
                assert self.centre.held.get(each.id) == each.packet_sha256
                assert each.receipt_number
        assert set(self.centre.applied.values()) <= {0, 1}, "once in effect"

    def teardown(self) -> None:
        """With a centre that is well everything comes to its end."""
        try:
            while self.frozen:
                self._go_on(0)
                self.the_books_are_right()
            self._die(adopted=True)
            for _ in range(5 + len(self.records)):
                self.time_passes(LEASE + 1)
                self.claim("first", 10)
                while self.claims["first"]:
                    self.deliver(*self.claims["first"].pop(0), WELL)
            for each in self.deliveries():
                assert each.state in FINAL
                if each.state == DeliveryState.ACKNOWLEDGED.value:
                    assert self.centre.applied[each.id] == 1
        finally:
            structlog.reset_defaults()
            self.connection.close()
            self.connection.engine.dispose()


class _Silent:
    """Quarantines are logged as errors; thousands of them here."""

    def msg(self, *_args: object, **_kwargs: object) -> None: ...

    debug = info = warning = error = msg


def _silent(*_args: object) -> _Silent:
    return _Silent()


TestDeliveryRules = DeliveryRules.TestCase
TestDeliveryRules.settings = settings(
    max_examples=20,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
