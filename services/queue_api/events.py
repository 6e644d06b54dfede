"""Telling others: events for the broker through the outbox, changes for the screens through the session's notes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from shared.contracts.envelope import EventData, Outgoing
from shared.messaging.outbox import enqueue

SOURCE = "queue_api"
CHANGED = "queue.changed_offices"
CALLS = "queue.calls"


@dataclass(frozen=True)
class Call:
    """A number called to a counter, as the waiting room hears it."""

    office: str
    number: str
    service: str
    counter: str
    call: int
    at: datetime


def publish(session: Session, *, subject: str, office: str, at: datetime, data: EventData) -> None:
    """Write the event in this transaction; the office's screens look again after the commit."""
    enqueue(session, SOURCE, Outgoing(subject=subject, office=office, at=at, data=data))
    changed(session, office)


def changed(session: Session, office: str) -> None:
    """What the office's board shows may have changed."""
    session.info.setdefault(CHANGED, set()).add(office)


def call_out(session: Session, call: Call) -> None:
    """Announce a call on the office's screens after the commit."""
    session.info.setdefault(CALLS, []).append(call)


def changed_offices(info: dict[Any, Any]) -> set[str]:
    """What a committed transaction noted."""
    noted: set[str] = info.get(CHANGED, set())
    return noted


def calls_made(info: dict[Any, Any]) -> list[Call]:
    """The calls of a committed transaction."""
    noted: list[Call] = info.get(CALLS, [])
    return noted
