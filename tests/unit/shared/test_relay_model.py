"""The relay against a broker that takes, refuses or says nothing, and deaths between: whatever was written arrives.

The real relay on a SQLite file, with a broker of a few lines. What a consumer makes of what arrives is part of it:
the order of an aggregate is the inbox's to keep, for a window of publishes may arrive in another one.
"""

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aio_pika
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlmodel import Session

from shared.contracts.envelope import Event, Outgoing
from shared.contracts.queue import TicketCancelled
from shared.database import connection_of, sqlite_engine
from shared.messaging.handlers import Handlers
from shared.messaging.inbox import Inbox
from shared.messaging.outbox import enqueue, publish_again
from shared.messaging.relay import Relay
from shared.metrics import Metrics
from shared.runtime import Runtime
from shared.tables import metadata, outbox

SUBJECTS = ("ticket-1", "ticket-2")
START = datetime(2016, 9, 16, 0, 30, tzinfo=UTC)
DATA = TicketCancelled.model_validate(
    {"number": "A001", "service": "ENROLMENT", "day": "2016-09-16", "arrived_at": START}
)


class Fate(StrEnum):
    """What becomes of one publish."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    TAKEN_WITHOUT_A_WORD = "taken without a word"
    LOST_WITHOUT_A_WORD = "lost without a word"


class Died(BaseException):
    """The process is gone: nothing of it is written any more."""


class Refused(Exception):
    """What the broker's library raises."""


class Files:
    """A service's database as the relay sees it; it dies with the process."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.engine = sqlite_engine(sa.make_url(f"sqlite:///{path}"), durable=False)
        metadata.create_all(self.engine)
        self.dies_at_next_write = False

    def on_commit(self, _callback: Callable[[dict[Any, Any]], None]) -> None:
        """Nobody waits here."""

    def run(self, work: Callable[[Session], Any]) -> Any:
        with self.engine.begin() as connection:
            return work(Session(bind=connection))

    async def read(self, work: Callable[[Session], Any]) -> Any:
        return self.run(work)

    async def write(self, work: Callable[[Session], Any]) -> Any:
        if self.dies_at_next_write:
            raise Died
        return self.run(work)


class BrokerOfFates:
    """The exchange: takes what it is told to take."""

    def __init__(self) -> None:
        self.fates: list[Fate] = []
        self.arrived: list[Event] = []

    async def publish(self, message: aio_pika.Message, routing_key: str, *, mandatory: bool) -> None:
        fate = self.fates.pop(0) if self.fates else Fate.CONFIRMED
        event = Event.decode(message.body)
        assert (message.message_id, routing_key, mandatory) == (event.id, event.type, True)
        await asyncio.sleep(0)
        if fate in {Fate.CONFIRMED, Fate.TAKEN_WITHOUT_A_WORD}:
            self.arrived.append(event)
        await asyncio.sleep(0)
        if fate is not Fate.CONFIRMED:
            raise Refused if fate is Fate.REFUSED else TimeoutError


class RelayRules(RuleBasedStateMachine):
    """A publisher, its relay and a consumer's inbox."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="ektp-relay-")
        self.files = Files(Path(self.folder.name) / "publisher.db")
        self.consumer = Files(Path(self.folder.name) / "consumer.db")
        self.broker = BrokerOfFates()
        self.now = START
        self.written = dict.fromkeys(SUBJECTS, 0)
        self.taken = 0
        self.effects: list[tuple[str, int]] = []
        handlers = Handlers()
        handlers.on(
            TicketCancelled,
            lambda _session, event, _data: self.effects.append((event.subject, event.sequence)),
        )
        self.inbox = Inbox(handlers, "parked")
        self.begin()

    def begin(self) -> None:
        """As a process that starts; nothing is remembered but what is on disk."""
        self.files.dies_at_next_write = False
        runtime = SimpleNamespace(
            database=self.files, clock=SimpleNamespace(now=lambda: self.now), metrics=Metrics("queue_api")
        )
        self.relay = Relay(cast(Runtime, runtime), holder="only")

    @rule(subject=st.sampled_from(SUBJECTS), count=st.integers(1, 5))
    def write(self, subject: str, count: int) -> None:
        for _ in range(count):
            outgoing = Outgoing(subject=subject, office="33.13.07", at=self.now, data=DATA)
            self.files.run(partial(enqueue, source="queue_api", event=outgoing))
            self.written[subject] += 1

    @rule(fates=st.lists(st.sampled_from(Fate), max_size=12), dies=st.booleans())
    def publish(self, fates: list[Fate], dies: bool) -> None:
        """A batch, and perhaps a death before the outbox is told of it."""
        self.broker.fates, self.files.dies_at_next_write = list(fates), dies
        try:
            asyncio.run(self.relay._publish_batch(cast(Any, self.broker)))
        except (Died, BaseExceptionGroup):
            self.begin()
        self.files.dies_at_next_write = False
        self.now += timedelta(seconds=1)

    @rule(data=st.data(), subject=st.sampled_from(SUBJECTS))
    def ask_again(self, data: st.DataObject, subject: str) -> None:
        """As a consumer does that misses something."""
        last = self.written[subject]
        first = data.draw(st.integers(1, max(last, 1)))
        self.files.run(lambda session: publish_again(session, subject=subject, first=first, last=last))

    @rule()
    def consume(self) -> None:
        for event in self.broker.arrived[self.taken :]:
            self.consumer.run(partial(self.inbox.receive, event=event, now=self.now))
            while self.consumer.run(partial(self.inbox.apply_waiting, subject=event.subject, now=self.now)):
                pass
        self.taken = len(self.broker.arrived)

    @invariant()
    def what_counts_as_published_is_with_the_broker(self) -> None:
        marked = self.files.run(
            lambda session: (
                connection_of(session)
                .execute(sa.select(outbox.c.event_id).where(outbox.c.published_at.is_not(None)))
                .scalars()
                .all()
            )
        )
        assert set(marked) <= {event.id for event in self.broker.arrived}

    @invariant()
    def each_takes_effect_once_and_in_order(self) -> None:
        for subject in SUBJECTS:
            seen = [sequence for each, sequence in self.effects if each == subject]
            assert seen == list(range(1, len(seen) + 1)), subject

    def teardown(self) -> None:
        """With a broker that is well everything arrives, and the outbox comes to rest."""
        try:
            for _ in range(2):
                self.publish([], dies=False)
            self.consume()
            waits = self.files.run(
                lambda session: connection_of(session).scalar(
                    sa.select(sa.func.count()).where(outbox.c.published_at.is_(None))
                )
            )
            assert waits == 0
            for subject, last in self.written.items():
                arrived = {event.sequence for event in self.broker.arrived if event.subject == subject}
                assert arrived == set(range(1, last + 1))
                assert [n for each, n in self.effects if each == subject] == list(range(1, last + 1))
        finally:
            self.files.engine.dispose()
            self.consumer.engine.dispose()
            self.folder.cleanup()


TestRelayRules = RelayRules.TestCase
TestRelayRules.settings = settings(
    max_examples=30,
    stateful_step_count=20,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


def test_a_broker_that_is_well_gets_each_aggregate_in_order() -> None:
    play = RelayRules()
    for _ in range(3):
        for subject in SUBJECTS:
            play.write(subject, 5)
    play.publish([], dies=False)
    for subject in SUBJECTS:
        assert [event.sequence for event in play.broker.arrived if event.subject == subject] == list(
            range(1, 16)
        )
    play.teardown()
