"""The outbox: an event is a row of the same transaction as what it tells of."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from shared.contracts.envelope import Event, Outgoing
from shared.counting import Count
from shared.database import UtcDateTime, connection_of
from shared.ids import new_id
from shared.messaging.topology import EXCHANGE
from shared.prepared import Prepared
from shared.tables import event_sequence, outbox
from shared.tracing import traceparent

WAKE = "outbox"

SEQUENCES = Count(event_sequence)
APPEND = Prepared(
    sa.insert(outbox),
    columns=(
        "exchange",
        "routing_key",
        "event_id",
        "subject",
        "sequence",
        "body",
        "headers",
        "created_at",
    ),
)
WAITING = (
    sa.select(
        outbox.c.id,
        outbox.c.routing_key,
        outbox.c.event_id,
        outbox.c.body,
        outbox.c.headers,
    )
    .where(outbox.c.published_at.is_(None))
    .order_by(outbox.c.id)
    .limit(sa.bindparam("most"))
)
UNPUBLISHED = WAITING.where(outbox.c.exchange == EXCHANGE)
UNPARKED = WAITING.where(outbox.c.exchange != EXCHANGE)
PUBLISHED = (
    sa.update(outbox)
    .where(outbox.c.id.in_(sa.bindparam("rows", expanding=True)))
    .values(published_at=sa.bindparam("at", type_=UtcDateTime))
)
OLDEST = sa.select(outbox.c.created_at).where(outbox.c.published_at.is_(None)).order_by(outbox.c.id).limit(1)


def enqueue(session: Session, source: str, event: Outgoing) -> int:
    """Number the event within its aggregate and write it to the outbox. The relay wakes after the commit.

    Returns its number; 0 for one outside any order.
    """
    sequence = SEQUENCES.next(session, {"subject": event.subject}) if event.ordered else 0
    event_id = new_id()
    row = {
        "exchange": EXCHANGE,
        "routing_key": event.data.event_type,
        "event_id": event_id,
        "subject": event.subject,
        "sequence": sequence,
        "body": event.encode(event_id=event_id, source=source, sequence=sequence, traceparent=traceparent()),
        "headers": None,
        "created_at": event.at,
    }
    APPEND.run(session, row)
    session.info[WAKE] = True
    return sequence


def enqueue_parked(session: Session, queue: str, event: Event, reason: str, at: datetime) -> None:
    """Send a poison event to its parking queue, with the reason, in the transaction that gives it up."""
    row = {
        "exchange": "",
        "routing_key": queue,
        "event_id": event.id,
        "subject": event.subject,
        "sequence": event.sequence,
        "body": event.encode(),
        "headers": {"x-parked-reason": reason[:500], "x-parked-at": at.isoformat()},
        "created_at": at,
    }
    APPEND.run(session, row)
    session.info[WAKE] = True


def unpublished(session: Session, most: int) -> list[sa.Row[Any]]:
    """The oldest events that the broker has not confirmed."""
    return list(connection_of(session).execute(UNPUBLISHED, {"most": most}))


def unparked(session: Session, most: int) -> list[sa.Row[Any]]:
    """The same of what was given up and goes to a parking queue."""
    return list(connection_of(session).execute(UNPARKED, {"most": most}))


def mark_published(session: Session, rows: list[int], at: datetime) -> None:
    """The broker holds these now."""
    connection_of(session).execute(PUBLISHED, {"rows": rows, "at": at})


def publish_again(session: Session, *, subject: str, first: int, last: int) -> int:
    """Let the relay publish these events of an aggregate again. Returns how many there were."""
    again = (
        sa.update(outbox)
        .where(
            outbox.c.subject == subject, outbox.c.sequence.between(first, last), outbox.c.exchange == EXCHANGE
        )
        .values(published_at=None)
    )
    session.info[WAKE] = True
    return connection_of(session).execute(again).rowcount


def oldest_unpublished(session: Session) -> datetime | None:
    """Since when the oldest row waits; None when nothing does."""
    return connection_of(session).execute(OLDEST).scalar_one_or_none()
