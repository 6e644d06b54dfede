"""Events shuffled, doubled, lost and sent again, handlers that fail, deaths before the commit: once each, and in order.

A state machine plays the broker and the consumer's loop on SQLite, without either.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlmodel import Session

from shared.contracts.envelope import Event, Outgoing
from shared.contracts.marks import MarksAsked
from shared.contracts.queue import TicketCancelled
from shared.contracts.resend import ResendRequested
from shared.database import connection_of
from shared.messaging import marks
from shared.messaging.asked import is_anything_asked, name_question
from shared.messaging.consumer import ask_for_gaps
from shared.messaging.handlers import Handlers
from shared.messaging.inbox import GAP_PATIENCE, MAX_ATTEMPTS, MAX_DELAY, PARKED_AGAIN, Inbox, due_subjects
from shared.messaging.outbox import enqueue, mark_published, publish_again, unparked, unpublished
from shared.tables import metadata

SUBJECTS = ("ticket-1", "ticket-2", "ticket-3")
SUBJECT = st.sampled_from(SUBJECTS)
START = datetime(2016, 9, 16, 0, 30, tzinfo=UTC)
PARKING = "enrolment_api.queue_events.parked"


EFFECTS = sa.Table(
    "effects",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("subject", sa.String),
    sa.Column("sequence", sa.Integer),
)


class HandlerFailed(Exception):
    """What a handler raises when the machine wants it to."""


class Died(Exception):
    """The process ended before its commit."""


class Service:
    """One side: a database of its own with the shared tables."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
        metadata.create_all(self.engine)

    def session(self) -> "Transaction":
        return Transaction(self.engine)


class Transaction:
    """A session on one connection, committed at the end of the block, rolled back on an error."""

    def __init__(self, engine: sa.Engine) -> None:
        self._begun = engine.begin()

    def __enter__(self) -> Session:
        return Session(bind=self._begun.__enter__())

    def __exit__(self, *error: object) -> None:
        self._begun.__exit__(*error)  # type: ignore[arg-type]  # passed on as it came


class InboxRules(RuleBasedStateMachine):
    """Publisher and consumer with a lossy, doubling, shuffling broker between them."""

    def __init__(self) -> None:
        super().__init__()
        self.publisher = Service("queue_api")
        self.consumer = Service("enrolment_api")
        self.now = START
        self.on_the_way: list[Event] = []
        self.parked: list[Event] = []
        EFFECTS.metadata.create_all(self.consumer.engine)
        self.dies = False
        self.failing: dict[str, int] = {}
        handlers = Handlers()
        handlers.on(TicketCancelled, self.take_effect)
        self.inbox = Inbox(handlers, PARKING)
        self.published = dict.fromkeys(SUBJECTS, 0)

    def take_effect(self, session: Session, event: Event, _data: TicketCancelled) -> None:
        if self.failing.get(event.subject, 0) > 0:
            self.failing[event.subject] -= 1
            raise HandlerFailed
        connection_of(session).execute(
            sa.insert(EFFECTS).values(subject=event.subject, sequence=event.sequence)
        )

    @property
    def effects(self) -> list[tuple[str, int]]:
        """What is on the consumer's disk."""
        with self.consumer.session() as session:
            rows = connection_of(session).execute(sa.select(EFFECTS).order_by(EFFECTS.c.id)).all()
        return [(row.subject, row.sequence) for row in rows]

    # What the publisher does

    @rule(subject=SUBJECT, count=st.integers(1, 4))
    def publish(self, subject: str, count: int) -> None:
        data = TicketCancelled.model_validate(
            {"number": "A001", "service": "ENROLMENT", "day": "2016-09-16", "arrived_at": START}
        )
        for _ in range(count):
            outgoing = Outgoing(subject=subject, office="33.13.07", at=self.now, data=data)
            with self.publisher.session() as session:
                sequence = enqueue(session, "queue_api", outgoing)
            self.published[subject] += 1
            assert sequence == self.published[subject], "numbered without gaps"
        self.relay(self.publisher)

    def relay(self, service: Service) -> None:
        with service.session() as session:
            if rows := [*unpublished(session, 1000), *unparked(session, 1000)]:
                mark_published(session, [row.id for row in rows], self.now)
        for row in rows:
            event = Event.decode(bytes(row.body))
            if row.routing_key == PARKING:
                self.parked.append(event)
            elif row.routing_key == ResendRequested.event_type:
                asked = ResendRequested.model_validate(event.data)
                with self.publisher.session() as session:
                    found = publish_again(session, subject=asked.subject, first=asked.first, last=asked.last)
                assert found == asked.last - asked.first + 1, "only what was published is asked for"
            else:
                self.on_the_way.append(event)

    # What the broker does

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.on_the_way) - 1))
        self.take(self.on_the_way.pop(at))

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data())
    def deliver_twice(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.on_the_way))
        self.take(event)

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.on_the_way.pop(data.draw(st.integers(0, len(self.on_the_way) - 1)))

    # What the consumer does

    def take(self, event: Event) -> None:
        """As the consumer's loop does with a message."""
        try:
            with self.consumer.session() as session:
                self.inbox.receive(session, event, self.now)
                self.perhaps_die()
        except Died:
            self.on_the_way.append(event)  # not acknowledged: the broker brings it again
            return
        except HandlerFailed:
            self.fail(event, brought=True)
            return
        self.apply_waiting(event.subject)

    @rule()
    def die_before_the_next_commit(self) -> None:
        self.dies = True

    def perhaps_die(self) -> None:
        if self.dies:
            self.dies = False
            raise Died

    def fail(self, event: Event, *, brought: bool) -> None:
        with self.consumer.session() as session:
            self.inbox.fail(session, event, "HandlerFailed", self.now, hopeless=False, brought=brought)
        self.relay(self.consumer)

    def apply_waiting(self, subject: str) -> None:
        while True:
            with self.consumer.session() as session:
                event = self.inbox.next_waiting(session, subject)
            if event is None:
                return
            try:
                with self.consumer.session() as session:
                    if not self.inbox.apply_waiting(session, subject, self.now):
                        return
                    self.perhaps_die()
            except Died:
                return  # what waits is on disk: the next look brings it up
            except HandlerFailed:
                self.fail(event, brought=False)
                return

    @rule(seconds=st.sampled_from([1.0, 5.0, GAP_PATIENCE + 1, MAX_DELAY + 1]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        with self.consumer.session() as session:
            due = due_subjects(session, self.now)
        for subject in due:
            self.apply_waiting(subject)
        with self.consumer.session() as session:
            ask_for_gaps(session, "enrolment_api", self.now)
        self.relay(self.consumer)
        self.relay(self.publisher)

    @rule()
    def compare(self) -> None:
        """As the two do every half minute; the answer may come after more was published."""
        more = True
        while more:
            with self.consumer.session() as session:
                named = is_anything_asked(session, "queue_api")
                question = name_question(session, "queue_api") if named else None
                heard = marks.load_heard(session, "queue_api")
            asked = MarksAsked(
                by="enrolment_api", after=heard.position, upto=heard.horizon, question=question
            )
            with self.publisher.session() as session:
                told = marks.marks_of(session, asked)
            with self.consumer.session() as session:
                found = marks.hear(
                    session, service="enrolment_api", publisher="queue_api", told=told, now=self.now
                )
                more = found.more
                after = marks.load_heard(session, "queue_api")
            assert after.position <= heard.horizon, "what is younger may be on its way"
        self.relay(self.consumer)
        self.relay(self.publisher)

    @rule(subject=SUBJECT, times=st.integers(1, MAX_ATTEMPTS + 1))
    def break_the_handler(self, subject: str, times: int) -> None:
        self.failing[subject] = times

    @precondition(lambda self: self.parked)
    @rule()
    def replay_what_is_parked(self) -> None:
        self.on_the_way += self.parked
        self.parked.clear()

    # What must always be so

    @invariant()
    def each_took_effect_once_and_in_order(self) -> None:
        effects = self.effects
        for subject in SUBJECTS:
            seen = [sequence for each, sequence in effects if each == subject]
            assert seen == list(range(1, len(seen) + 1)), subject

    @invariant()
    def what_has_taken_effect_waits_no_more(self) -> None:
        with self.consumer.session() as session:
            stale = connection_of(session).scalar(
                sa.text(
                    "SELECT count(*) FROM inbox_waiting w JOIN inbox_cursor c ON c.subject = w.subject "
                    "WHERE w.sequence <= c.last"
                )
            )
        assert stale == 0

    def teardown(self) -> None:
        """In the end, with the handlers mended, everything arrives, each aggregate's last event too."""
        try:
            self.failing.clear()
            self.dies = False
            self.time_passes(PARKED_AGAIN + 1)  # whose replay was lost on the way is tried by itself
            for _ in range(MAX_ATTEMPTS + 2):
                self.replay_what_is_parked()
                while self.on_the_way:
                    self.take(self.on_the_way.pop(0))
                self.time_passes(MAX_DELAY + 1)
                self.compare()
            for subject in SUBJECTS:
                seen = [sequence for each, sequence in self.effects if each == subject]
                assert seen == list(range(1, self.published[subject] + 1)), subject
        finally:
            self.in_the_end = self.effects
            for service in (self.publisher, self.consumer):
                service.engine.dispose()


TestInboxRules = InboxRules.TestCase
TestInboxRules.settings = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


def test_poison_is_parked_once_and_not_asked_for_again_while_others_wait_for_its_replay() -> None:
    play = InboxRules()
    play.failing["ticket-1"] = 10_000
    play.publish("ticket-1", 3)
    parked: list[int] = []
    for _ in range(4 * MAX_ATTEMPTS):
        while play.on_the_way:
            play.take(play.on_the_way.pop())
        play.time_passes(MAX_DELAY + 1)
        parked += [event.sequence for event in play.parked]
        play.parked.clear()
    assert parked == [1]
    assert play.effects == []
    play.failing.clear()
    with play.publisher.session() as session:
        publish_again(session, subject="ticket-1", first=1, last=1)  # as a replay of the parking queue does
    play.relay(play.publisher)
    play.teardown()
    assert [sequence for subject, sequence in play.in_the_end if subject == "ticket-1"] == [1, 2, 3]


def test_a_parked_event_whose_replay_is_lost_is_tried_every_hour_and_not_parked_again() -> None:
    play = InboxRules()
    play.failing["ticket-1"] = MAX_ATTEMPTS + 2
    play.publish("ticket-1", 2)
    while play.on_the_way:
        play.take(play.on_the_way.pop(0))
    for _ in range(MAX_ATTEMPTS):
        play.time_passes(MAX_DELAY + 1)
    assert [event.sequence for event in play.parked] == [1]
    play.parked.clear()  # replayed, and lost on the way back
    for _ in range(2):
        play.time_passes(PARKED_AGAIN + 1)
        assert play.effects == []
    assert play.failing["ticket-1"] == 0, "tried each time"
    assert play.parked == []
    play.time_passes(PARKED_AGAIN + 1)
    assert play.effects == [("ticket-1", 1), ("ticket-1", 2)]
    play.teardown()


def test_a_replay_that_fails_again_lies_in_the_parking_queue_again() -> None:
    play = InboxRules()
    play.failing["ticket-1"] = MAX_ATTEMPTS + 1
    play.publish("ticket-1", 1)
    play.take(play.on_the_way.pop())
    for _ in range(MAX_ATTEMPTS):
        play.time_passes(MAX_DELAY + 1)
    play.replay_what_is_parked()
    play.take(play.on_the_way.pop())
    assert [event.sequence for event in play.parked] == [1]
    play.replay_what_is_parked()
    play.take(play.on_the_way.pop())
    assert play.effects == [("ticket-1", 1)]
    play.teardown()
