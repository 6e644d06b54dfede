"""Any day at all, against a small model: places kept, numbers gapless, the interrupted first, one counter a ticket."""

import dataclasses
from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import sqlalchemy as sa
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from joserfc.jwk import OKPKey
from sqlmodel import Session, select

from services.queue_api.days.service import close_day
from services.queue_api.offices.service import store_office
from services.queue_api.outages.schemas import OutageReport
from services.queue_api.outages.service import end_outage, report_outage
from services.queue_api.registry import QueueModel
from services.queue_api.tickets.calling import call_next
from services.queue_api.tickets.counters import CounterIsTaken
from services.queue_api.tickets.domain import Action, Priority, State
from services.queue_api.tickets.effects import ServiceStandsStill
from services.queue_api.tickets.joining import join_line
from services.queue_api.tickets.models import Ticket
from services.queue_api.tickets.moving import transfer_ticket
from services.queue_api.tickets.records import record_captured
from services.queue_api.tickets.repository import line_of
from services.queue_api.tickets.service import act_on_ticket
from services.queue_api.tickets.statements import VoucherSigner
from services.queue_api.tickets.vouchers import give_voucher, redeem_voucher
from shared.contracts.enrolment import LinkState, RecordCaptured
from shared.contracts.envelope import Event
from shared.contracts.offices import ServiceType
from shared.contracts.queue import Hop
from shared.ids import new_id
from shared.problems import IllegalAction
from shared.security import Principal, Role
from tests.unit.queue_api.offices_of_tests import office

OFFICE = office()
BEGIN = datetime(2016, 9, 16, 1, tzinfo=UTC)
COUNTERS = [counter.name for counter in OFFICE.counters]
OFFICER = Principal("suparyanti", frozenset({Role.OFFICER}), frozenset({OFFICE.code}))
SERVICE = ServiceType.ENROLMENT
SIGNER = VoucherSigner(OKPKey.generate_key("Ed25519").as_pem(private=True).decode())
PLAIN = [Action.RECALL, Action.START, Action.FINISH, Action.NO_SHOW, Action.PARK, Action.CANCEL]


@dataclasses.dataclass
class Person:
    """A citizen as the model knows them."""

    id: str
    state: State
    counter: str = ""
    priority: bool = False
    let_one_pass: bool = False
    interrupted: bool = False
    arrived_at: datetime = BEGIN
    was_moved: bool = False
    """Reinstated, a few places down."""
    voucher: str = ""
    elsewhere: bool = False
    """In the line of another service, which nobody calls here."""


class LineOfTickets(RuleBasedStateMachine):
    """The real use cases on SQLite beside a list of people."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = sa.create_engine("sqlite://").connect()
        QueueModel.metadata.create_all(self.connection)
        self.now = BEGIN
        self.people: dict[str, Person] = {}
        self.line: list[str] = []
        self.outages: list[str] = []
        self.closed = False
        with self.transaction() as session:
            store_office(session, OFFICE, self.now)

    def transaction(self) -> Session:
        self.now += timedelta(seconds=7)
        return Session(bind=self.connection, expire_on_commit=False, autoflush=False)

    def teardown(self) -> None:
        self.connection.close()
        self.connection.engine.dispose()

    # the model's own words

    def waiting(self) -> State:
        return State.HELD if self.outages else State.WAITING

    def leave_line(self, person: Person) -> None:
        if person.id in self.line:
            self.line.remove(person.id)

    def expected_next(self) -> str | None:
        interrupted = [name for name in self.line if self.people[name].interrupted]
        return next(iter(interrupted or self.line), None)

    # what happens

    @precondition(lambda self: not self.closed)
    @rule(priority=st.sampled_from([None, None, *Priority]))
    def take_number(self, priority: Priority | None) -> None:
        with self.transaction() as session:
            ticket = join_line(
                session, office=OFFICE, service=SERVICE, arrived_at=self.now, now=self.now, priority=priority
            )
            session.commit()
            person = Person(
                ticket.id, ticket.state, priority=priority is not None, arrived_at=ticket.arrived_at
            )
        assert person.state is self.waiting()
        self.people[person.id] = person
        self.line.insert(self.position_of(person), person.id)

    def position_of(self, person: Person) -> int:
        if person.priority:
            for index, name in enumerate(self.line):
                other = self.people[name]
                if not (other.priority or other.let_one_pass or other.interrupted):
                    other.let_one_pass = True
                    return index
        return len(self.line)

    @rule(counter=st.sampled_from(COUNTERS))
    def call(self, counter: str) -> None:
        busy = [
            p
            for p in self.people.values()
            if p.counter == counter and p.state in (State.CALLED, State.SERVING)
        ]
        with self.transaction() as session:
            try:
                ticket = call_next(
                    session,
                    office_code=OFFICE.code,
                    counter_name=counter,
                    services=[SERVICE],
                    officer="suparyanti",
                    now=self.now,
                )
            except CounterIsTaken:
                assert busy
                return
            session.commit()
        assert not busy or ticket is None
        if ticket is None:
            assert self.outages or not self.line
            return
        assert ticket.id == self.expected_next()
        person = self.people[ticket.id]
        self.leave_line(person)
        person.state, person.counter, person.interrupted = State.CALLED, counter, False

    @precondition(lambda self: self.people)
    @rule(data=st.data(), action=st.sampled_from(PLAIN))
    def act(self, data: st.DataObject, action: Action) -> None:
        person = self.people[data.draw(st.sampled_from(sorted(self.people)))]
        expected = PLAIN_MOVES.get((person.state, action))
        with self.transaction() as session:
            try:
                after = act_on_ticket(session, ticket_id=person.id, action=action, who=OFFICER, now=self.now)
            except IllegalAction:
                assert expected is None
                return
            session.commit()
        assert after.state is expected
        person.state = after.state
        self.leave_line(person)

    @precondition(lambda self: not self.closed and self.having(State.NO_SHOW))
    @rule(data=st.data())
    def reinstate(self, data: st.DataObject) -> None:
        person = self.people[data.draw(st.sampled_from(self.having(State.NO_SHOW)))]
        with self.transaction() as session:
            act_on_ticket(session, ticket_id=person.id, action=Action.REINSTATE, who=OFFICER, now=self.now)
            session.commit()
        first = [name for name in self.line if self.people[name].interrupted]
        others = [name for name in self.line if not self.people[name].interrupted]
        if others:
            others.insert(OFFICE.policies.reinstate_places, person.id)
        else:
            others = [person.id]
        if not person.elsewhere:
            self.line = first + others
        person.state, person.was_moved = self.waiting(), True

    def having(self, *states: State) -> list[str]:
        return sorted(name for name, person in self.people.items() if person.state in states)

    @precondition(lambda self: not self.closed and self.having(State.WAITING, State.HELD, State.PARKED))
    @rule(data=st.data())
    def voucher(self, data: st.DataObject) -> None:
        able = self.having(State.WAITING, State.HELD, State.PARKED)
        person = self.people[data.draw(st.sampled_from(able))]
        with self.transaction() as session:
            given = give_voucher(
                session, ticket_id=person.id, reason=None, who=OFFICER, signer=SIGNER, now=self.now
            )
            session.commit()
        person.state, person.voucher = State.VOUCHERED, given.code
        self.leave_line(person)

    @precondition(lambda self: not self.closed and self.having(State.VOUCHERED))
    @rule(data=st.data())
    def redeem(self, data: st.DataObject) -> None:
        """Back among the others by the original arrival; their order stays."""
        person = self.people[data.draw(st.sampled_from(self.having(State.VOUCHERED)))]
        with self.transaction() as session:
            redeem_voucher(
                session,
                code=person.voucher,
                office_code=OFFICE.code,
                signed=None,
                who=OFFICER,
                signer=SIGNER,
                now=self.now,
            )
            session.commit()
        person.state = self.waiting()
        if person.elsewhere:
            return
        standing = self.standing()
        assert [name for name in standing if name != person.id] == self.line
        ahead = standing[: standing.index(person.id)]
        for name in standing:
            other = self.people[name]
            if (
                other.interrupted == person.interrupted
                and self.stands_by_arrival(other)
                and name != person.id
            ):
                assert (name in ahead) == (other.arrived_at < person.arrived_at)
        self.line = standing

    def stands_by_arrival(self, person: Person) -> bool:
        return not person.priority and not person.was_moved

    @precondition(lambda self: self.having(State.PARKED))
    @rule(data=st.data(), counter=st.sampled_from(COUNTERS))
    def resume(self, data: st.DataObject, counter: str) -> None:
        person = self.people[data.draw(st.sampled_from(self.having(State.PARKED)))]
        busy = any(
            each.counter == counter and each.state in (State.CALLED, State.SERVING)
            for each in self.people.values()
        )
        with self.transaction() as session:
            try:
                act_on_ticket(
                    session,
                    ticket_id=person.id,
                    action=Action.RESUME,
                    who=OFFICER,
                    now=self.now,
                    counter=counter,
                )
            except (CounterIsTaken, ServiceStandsStill):
                assert busy or self.outages
                return
            session.commit()
        assert not busy and not self.outages
        person.state, person.counter = State.CALLED, counter

    @precondition(lambda self: not self.closed and self.people)
    @rule(data=st.data())
    def transfer(self, data: st.DataObject) -> None:
        """To the next service of the office: one ticket ends, its heir has the same arrival."""
        here = sorted(name for name, person in self.people.items() if not person.elsewhere)
        person = self.people[data.draw(st.sampled_from(here))]
        with self.transaction() as session:
            try:
                heir = transfer_ticket(
                    session,
                    ticket_id=person.id,
                    office_code=None,
                    service=ServiceType.SUKET,
                    who=OFFICER,
                    now=self.now,
                )
            except IllegalAction:
                assert person.state in (State.DONE, State.NO_SHOW, State.CANCELLED, State.TRANSFERRED)
                return
            session.commit()
        assert heir.arrived_at == person.arrived_at
        person.state = State.TRANSFERRED
        self.leave_line(person)
        self.people[heir.id] = Person(heir.id, self.waiting(), arrived_at=person.arrived_at, elsewhere=True)

    @precondition(lambda self: self.people)
    @rule(data=st.data())
    def record(self, data: st.DataObject) -> None:
        """Enrolment has captured the citizen, whatever became of the ticket meanwhile."""
        person = self.people[data.draw(st.sampled_from(sorted(self.people)))]
        with self.transaction() as session:
            told = RecordCaptured(
                kind="FIRST_TIME", ticket_id=person.id, captured_at=self.now, link_state=LinkState.ONLINE
            )
            record_captured(session, captured_event(told), told)
            session.commit()
        if person.state not in (State.DONE, State.CANCELLED, State.TRANSFERRED):
            person.state = State.DONE
            self.leave_line(person)

    @rule()
    def power_fails(self) -> None:
        with self.transaction() as session:
            outage = report_outage(
                session, office_code=OFFICE.code, report=OutageReport(hop=Hop.POWER), who="x", now=self.now
            )
            session.commit()
        self.outages.append(outage.id)
        for person in self.people.values():
            if person.state in (State.CALLED, State.SERVING):
                person.interrupted = True
                if not person.elsewhere:
                    self.line.append(person.id)
            if person.state in (State.CALLED, State.SERVING, State.WAITING):
                person.state = State.HELD

    @precondition(lambda self: self.outages)
    @rule(data=st.data())
    def power_is_back(self, data: st.DataObject) -> None:
        outage = data.draw(st.sampled_from(self.outages))
        with self.transaction() as session:
            end_outage(session, outage_id=outage, who=OFFICER, now=self.now)
            session.commit()
        self.outages.remove(outage)
        if not self.outages:
            for person in self.people.values():
                if person.state is State.HELD:
                    person.state = State.WAITING

    @precondition(lambda self: not self.closed and len(self.people) > 12)
    @rule()
    def close(self) -> None:
        with self.transaction() as session:
            close_day(session, office_code=OFFICE.code, day=self.now.date(), who="x", now=self.now)
            session.commit()
        self.closed, self.line = True, []
        for person in self.people.values():
            if person.state in (State.WAITING, State.HELD, State.CALLED, State.SERVING, State.PARKED):
                person.state = State.VOUCHERED

    # what always holds

    @invariant()
    def every_ticket_is_where_the_model_says(self) -> None:
        with Session(bind=self.connection) as session:
            tickets = list(session.exec(select(Ticket)))
        assert {t.id: t.state for t in tickets} == {p.id: p.state for p in self.people.values()}
        for service in (SERVICE, ServiceType.SUKET):
            numbers = sorted(t.number for t in tickets if t.service is service)
            assert numbers == list(range(1, len(numbers) + 1)), "gapless"
        at_counters = [t.counter for t in tickets if t.state in (State.CALLED, State.SERVING)]
        assert len(at_counters) == len(set(at_counters))

    def standing(self) -> list[str]:
        with Session(bind=self.connection) as session:
            line = line_of(session, office=OFFICE.code, day=self.now.date(), service=SERVICE)
        return [each.id for each in line]

    @invariant()
    def the_line_is_in_the_models_order(self) -> None:
        with Session(bind=self.connection) as session:
            standing = line_of(session, office=OFFICE.code, day=self.now.date(), service=SERVICE)
        interrupted = {each.id for each in standing if each.interrupted}
        assert interrupted == {name for name in self.line if self.people[name].interrupted}
        assert [each.id for each in standing][: len(interrupted)] == [e.id for e in standing if e.interrupted]
        # the interrupted keep the order of their places among themselves; the model takes it over
        self.line = [e.id for e in standing if e.interrupted] + [n for n in self.line if n not in interrupted]
        assert [each.id for each in standing] == self.line


def captured_event(data: RecordCaptured) -> Event:
    return Event(
        id=new_id(),
        source="enrolment_api",
        type=data.event_type,
        subject=new_id(),
        time=data.captured_at,
        sequence=1,
        office=OFFICE.code,
        data=data.model_dump(mode="json"),
    )


PLAIN_MOVES = {
    (State.CALLED, Action.RECALL): State.CALLED,
    (State.CALLED, Action.START): State.SERVING,
    (State.SERVING, Action.FINISH): State.DONE,
    (State.CALLED, Action.NO_SHOW): State.NO_SHOW,
    (State.CALLED, Action.PARK): State.PARKED,
    (State.SERVING, Action.PARK): State.PARKED,
} | {
    (state, Action.CANCEL): State.CANCELLED
    for state in (State.WAITING, State.CALLED, State.SERVING, State.PARKED, State.HELD, State.VOUCHERED)
}

TestTheLine = LineOfTickets.TestCase
TestTheLine.settings = settings(max_examples=25, stateful_step_count=35, deadline=None, print_blob=True)
