"""The inbox: each event takes effect once and in its aggregate's order, however often and in whatever order it comes.

An event that came too early waits in our database for the one before it. One that failed is kept there too, with
its attempts and the time of the next, so that a restart forgets nothing; after the last attempt it goes to the
parking queue and what follows it in its own aggregate waits for its replay. Other aggregates never wait. Its row stays
and is tried once an hour: a replay is a message that can be lost, and nobody asks for what is here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from shared.contracts.envelope import Event
from shared.database import UtcDateTime, connection_of
from shared.failpoints import fail_point_after
from shared.messaging.handlers import Handlers
from shared.messaging.outbox import enqueue_parked
from shared.tables import inbox_cursor, inbox_waiting

MAX_ATTEMPTS = 5
FIRST_DELAY = 2.0
MAX_DELAY = 60.0
GAP_PATIENCE = 20.0
"""Seconds an event waits for a missing one before its publisher is asked."""
PARKED_AGAIN = 3600.0
"""Seconds until a parked event is tried again by itself, and not parked again when it fails. Its row stays meanwhile,
else the gap would be asked for and the poison come again."""

LAST = sa.select(inbox_cursor.c.last).where(inbox_cursor.c.subject == sa.bindparam("of"))
LAST_LOCKED = LAST.with_for_update()
# A row that is not there can't be locked: two replicas would both apply an aggregate's first event.
BEGIN = sa.text("INSERT INTO inbox_cursor (subject, last) VALUES (:of, 0) ON CONFLICT (subject) DO NOTHING")
ADVANCE = sa.text(
    "INSERT INTO inbox_cursor (subject, last) VALUES (:subject, :last) "
    "ON CONFLICT (subject) DO UPDATE SET last = excluded.last"
)
HOLD = sa.text(
    "INSERT INTO inbox_waiting (subject, sequence, body, received_at, attempts, next_attempt_at, reason) "
    "VALUES (:subject, :sequence, :body, :now, 0, NULL, :reason) ON CONFLICT (subject, sequence) DO NOTHING"
).bindparams(sa.bindparam("now", type_=UtcDateTime), sa.bindparam("body", type_=sa.LargeBinary))
FORGET = sa.delete(inbox_waiting).where(
    inbox_waiting.c.subject == sa.bindparam("of"), inbox_waiting.c.sequence <= sa.bindparam("upto")
)
NEXT_WAITING = sa.select(inbox_waiting).where(
    inbox_waiting.c.subject == sa.bindparam("of"), inbox_waiting.c.sequence == sa.bindparam("number")
)


class Outcome(StrEnum):
    """What became of a received event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    WAITING = "waiting"
    UNORDERED = "unordered"
    """A request outside every order: done again as often as it comes."""


@dataclass(frozen=True)
class Gap:
    """Events of an aggregate that never came."""

    source: str
    subject: str
    office: str
    first: int
    last: int


class Inbox:
    """One consumer's rules over its service's inbox tables."""

    def __init__(self, handlers: Handlers, parking_queue: str) -> None:
        self._handlers = handlers
        self._parking_queue = parking_queue

    @fail_point_after("consumer.before-commit")
    def receive(self, session: Session, event: Event, now: datetime) -> Outcome:
        """Apply the event if it is the next of its aggregate; keep it when it is early. Handlers' errors pass."""
        if event.sequence == 0:
            self._handlers.apply(session, event)
            return Outcome.UNORDERED
        last = _last_locked(session, event.subject)
        if event.sequence <= last:
            return Outcome.DUPLICATE
        if event.sequence > last + 1:
            hold(session, event, now, f"waits for {last + 1}")
            return Outcome.WAITING
        self._handlers.apply(session, event)
        _advance(session, event)
        return Outcome.APPLIED

    @fail_point_after("inbox.before-commit")
    def apply_waiting(self, session: Session, subject: str, now: datetime) -> bool:
        """Apply the next waiting event of an aggregate if it is its turn; True when there may be another."""
        number = _last_locked(session, subject) + 1
        row = connection_of(session).execute(NEXT_WAITING, {"of": subject, "number": number}).first()
        if row is None or (row.next_attempt_at is not None and row.next_attempt_at > now):
            return False
        event = Event.decode(bytes(row.body))
        self._handlers.apply(session, event)
        _advance(session, event)
        return True

    def next_waiting(self, session: Session, subject: str) -> Event | None:
        """The event whose turn it is, if it is here."""
        number = _last(session, subject) + 1
        row = connection_of(session).execute(NEXT_WAITING, {"of": subject, "number": number}).first()
        return Event.decode(bytes(row.body)) if row else None

    def fail(
        self, session: Session, event: Event, reason: str, now: datetime, *, hopeless: bool, brought: bool
    ) -> bool:
        """Count a failed attempt and set the next; True when the event was parked.

        `brought` says that a message brought it: one that was parked before has left the parking queue.
        """
        if event.sequence == 0:  # nothing waits for it and nothing would bring it up again
            enqueue_parked(session, self._parking_queue, event, reason, now)
            return True
        if event.sequence <= _last_locked(session, event.subject):
            return False  # another replica was luckier
        hold(session, event, now, reason)
        mine = (inbox_waiting.c.subject == event.subject) & (inbox_waiting.c.sequence == event.sequence)
        before = connection_of(session).execute(sa.select(inbox_waiting.c.attempts).where(mine)).scalar_one()
        attempts = MAX_ATTEMPTS if hopeless else min(MAX_ATTEMPTS, before + 1)
        parks = attempts == MAX_ATTEMPTS and (brought or before < MAX_ATTEMPTS)
        if parks:
            enqueue_parked(session, self._parking_queue, event, reason, now)
        next_at = now + timedelta(seconds=_delay_after(attempts))
        _note_attempt(session, mine, attempts, next_at, reason)
        return parks


def _delay_after(attempts: int) -> float:
    """Seconds until the next attempt."""
    if attempts == MAX_ATTEMPTS:
        return PARKED_AGAIN
    return min(MAX_DELAY, FIRST_DELAY * 2.0 ** (attempts - 1))


def _note_attempt(
    session: Session, mine: sa.ColumnElement[bool], attempts: int, next_at: datetime, reason: str
) -> None:
    changed = sa.update(inbox_waiting).where(mine)
    connection_of(session).execute(
        changed.values(attempts=attempts, next_attempt_at=next_at, reason=reason[:500])
    )


def _last(session: Session, subject: str) -> int:
    return int(connection_of(session).execute(LAST, {"of": subject}).scalar_one_or_none() or 0)


def _last_locked(session: Session, subject: str) -> int:
    """The aggregate's last applied event, nobody else's until the commit. SQLite has one writer anyway."""
    connection = connection_of(session)
    if connection.dialect.name == "sqlite":
        return _last(session, subject)
    connection.execute(BEGIN, {"of": subject})
    return int(connection.execute(LAST_LOCKED, {"of": subject}).scalar_one())


def _advance(session: Session, event: Event) -> None:
    connection_of(session).execute(ADVANCE, {"subject": event.subject, "last": event.sequence})
    connection_of(session).execute(FORGET, {"of": event.subject, "upto": event.sequence})


def hold(session: Session, event: Event, now: datetime, reason: str) -> None:
    """Keep an event that can't take effect yet."""
    connection_of(session).execute(
        HOLD,
        {
            "subject": event.subject,
            "sequence": event.sequence,
            "body": event.encode(),
            "now": now,
            "reason": reason[:500],
        },
    )


def due_subjects(session: Session, now: datetime, most: int = 100) -> list[str]:
    """Aggregates whose waiting event can be applied now: its turn has come, or its next attempt is due."""
    turn = inbox_waiting.c.sequence == sa.func.coalesce(inbox_cursor.c.last, 0) + 1
    due = sa.or_(inbox_waiting.c.next_attempt_at.is_(None), inbox_waiting.c.next_attempt_at <= now)
    joined = inbox_waiting.outerjoin(inbox_cursor, inbox_cursor.c.subject == inbox_waiting.c.subject)
    found = sa.select(inbox_waiting.c.subject).select_from(joined).where(turn, due).limit(most)
    return [row.subject for row in connection_of(session).execute(found)]


def take_gaps(session: Session, now: datetime, most: int = 100) -> list[Gap]:
    """Gaps that lasted longer than patience, noted as asked for; each is asked again after the same time."""
    patience = now - timedelta(seconds=GAP_PATIENCE)
    earliest = (
        sa.select(inbox_waiting.c.subject, sa.func.min(inbox_waiting.c.sequence).label("sequence"))
        .group_by(inbox_waiting.c.subject)
        .subquery()
    )
    joined = inbox_waiting.join(
        earliest,
        (earliest.c.subject == inbox_waiting.c.subject) & (earliest.c.sequence == inbox_waiting.c.sequence),
    ).outerjoin(inbox_cursor, inbox_cursor.c.subject == inbox_waiting.c.subject)
    stale = sa.or_(inbox_waiting.c.asked_at.is_(None), inbox_waiting.c.asked_at <= patience)
    last = sa.func.coalesce(inbox_cursor.c.last, 0)
    rows = connection_of(session).execute(
        sa.select(inbox_waiting.c.subject, inbox_waiting.c.sequence, inbox_waiting.c.body, last.label("last"))
        .select_from(joined)
        .where(inbox_waiting.c.sequence > last + 1, inbox_waiting.c.received_at <= patience, stale)
        .order_by(
            inbox_waiting.c.subject
        )  # as marks do: two replicas that ask for the same don't lock each other
        .limit(most)
    )
    return [_ask(session, row, now) for row in rows.all()]


def _ask(session: Session, row: Any, now: datetime) -> Gap:
    connection_of(session).execute(
        sa.update(inbox_waiting).where(inbox_waiting.c.subject == row.subject).values(asked_at=now)
    )
    event = Event.decode(bytes(row.body))
    return Gap(event.source, event.subject, event.office, first=row.last + 1, last=row.sequence - 1)


def waiting_count(session: Session) -> int:
    """How many events wait; small unless something is wrong."""
    return int(
        connection_of(session).execute(sa.select(sa.func.count()).select_from(inbox_waiting)).scalar_one()
    )
