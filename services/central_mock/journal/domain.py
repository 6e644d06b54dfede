"""What the centre lived through: requests, connections, and what ops did to it, in one line of numbers.

Received, applied and acknowledged are three different things, and so are the number of an entry (the order in which
things began: `id`) and the number of its end (`seq`: the order in which a follower hears of them).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from urllib.parse import unquote

from shared.clock import time_of

_RECORD, _RECORD_ROUTE = "/central/v1/records/", "/central/v1/records/{key}"
_RESIDENT, _RESIDENT_ROUTE = "/central/v1/residents/", "/central/v1/residents/{nik}"
_OFFICE = re.compile(rb"(?:^|&)office=([^&]*)")


class What(StrEnum):
    """What an entry tells of."""

    REQUEST = "REQUEST"
    CONNECTION = "CONNECTION"
    RULE = "RULE"
    """A rule was set, fired for the first time, or ended."""
    SCENARIO = "SCENARIO"
    """A scenario began, came to another stage, paused, or ended."""


class Outcome(StrEnum):
    """What became of a record that arrived."""

    ACCEPTED = "ACCEPTED"
    REPLAYED = "REPLAYED"
    CONFLICT = "CONFLICT"
    REJECTED = "REJECTED"
    NOT_WHOLE = "NOT_WHOLE"


class ClosedBy(StrEnum):
    """Who ended a connection."""

    CLIENT = "CLIENT"
    CENTRE = "CENTRE"
    """As HTTP has it: idle too long, `Connection: close`, or the service stopped."""
    FAULT = "FAULT"


class _Timed:
    """Times are kept as they are written, and made a `datetime` for who looks at them."""

    __slots__ = ()

    at_us: int

    @property
    def at(self) -> datetime:
        """When it began."""
        return time_of(self.at_us)


class _Ran(_Timed):
    __slots__ = ()

    ended_us: int | None

    @property
    def ended_at(self) -> datetime | None:
        """When it was over; None while it runs."""
        return None if self.ended_us is None else time_of(self.ended_us)


@dataclass(slots=True)
class Entry(_Ran):
    """What is known of a request; filled in while it runs."""

    what: ClassVar = What.REQUEST

    id: int
    at_us: int
    connection: int
    method: str
    route: str = ""
    key: str | None = None
    office: str | None = None
    attempt: int = 1
    """How often this key has met this route, this time included; requests without a key are all first ones."""
    bytes_in: int = 0
    bytes_out: int = 0
    status: int | None = None
    retry_after: str | None = None
    """What the answer said, as it stood there."""
    outcome: Outcome | None = None
    applied: bool = False
    """The record took effect by this request."""
    acknowledged: bool = False
    """The whole answer was handed to the socket."""
    fault: str | None = None
    """The kind of the first fault that acted on it."""
    rules: tuple[str, ...] = ()
    """The names of the rules that acted on it, in that order."""
    finished: bool = False
    ended_us: int | None = None
    ms: float | None = None
    """Real milliseconds from the request's head to the end of its answer, whatever the clock's speed."""
    seq: int | None = None
    began: float = 0.0
    """By the processor's own clock."""

    def fired(self, rule: str, kind: str) -> None:
        """A rule acted on this request."""
        if rule not in self.rules:
            self.rules = (*self.rules, rule)
        self.fault = self.fault or kind

    def public(self) -> dict[str, Any]:
        """As it is shown and exported."""
        return {
            "id": self.id,
            "what": self.what,
            "at": self.at.isoformat(),
            "ended_at": self.ended_at and self.ended_at.isoformat(),
            "ms": self.ms and round(self.ms, 3),
            "connection": self.connection,
            "method": self.method,
            "route": self.route,
            "key": self.key,
            "office": self.office,
            "attempt": self.attempt,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "status": self.status,
            "retry_after": self.retry_after,
            "outcome": self.outcome,
            "applied": self.applied,
            "acknowledged": self.acknowledged,
            "fault": self.fault,
            "rules": list(self.rules),
            "finished": self.finished,
        }


@dataclass(slots=True)
class ConnectionEntry(_Ran):
    """What is known of a TCP connection. A refused one never reaches the process: nobody can count it here."""

    what: ClassVar = What.CONNECTION

    id: int
    """Its number too: `connection` of the requests that came over it."""
    at_us: int
    peer: str
    office: str | None = None
    """Of the first request that named one."""
    requests: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    closed_by: ClosedBy | None = None
    fault: str | None = None
    rules: tuple[str, ...] = ()
    finished: bool = False
    ended_us: int | None = None
    ms: float | None = None
    seq: int | None = None
    began: float = 0.0

    def took(self, request: Entry) -> None:
        """A request that came over it has ended."""
        self.requests += 1
        self.bytes_in += request.bytes_in
        self.office = self.office or request.office

    def fired(self, rule: str, kind: str) -> None:
        """A rule acted on this connection."""
        if rule not in self.rules:
            self.rules = (*self.rules, rule)
        self.fault = self.fault or kind

    def public(self) -> dict[str, Any]:
        """As it is shown and exported."""
        return {
            "id": self.id,
            "what": self.what,
            "at": self.at.isoformat(),
            "ended_at": self.ended_at and self.ended_at.isoformat(),
            "ms": self.ms and round(self.ms, 3),
            "connection": self.id,
            "office": self.office,
            "peer": self.peer,
            "requests": self.requests,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "closed_by": self.closed_by,
            "fault": self.fault,
            "rules": list(self.rules),
            "finished": self.finished,
        }


@dataclass(slots=True)
class Note(_Timed):
    """Something ops or the console did: a rule or a scenario."""

    id: int
    at_us: int
    what: What
    event: str
    """In the past tense: `set`, `fired`, `ended`, `started`, …"""
    name: str
    detail: dict[str, Any]
    seq: int | None = None
    finished: bool = True

    @property
    def rules(self) -> tuple[str, ...]:
        """The rule it tells of."""
        return (self.name,) if self.what is What.RULE else ()

    def public(self) -> dict[str, Any]:
        """As it is shown and exported."""
        return {
            "id": self.id,
            "what": self.what,
            "at": self.at.isoformat(),
            "event": self.event,
            "name": self.name,
            "rules": list(self.rules),
            **{name: value for name, value in self.detail.items() if name not in RESERVED},
        }


RESERVED = frozenset({"id", "what", "at", "event", "name", "rules"})

Running = Entry | ConnectionEntry
"""What begins and ends."""
AnyEntry = Running | Note


def head_of(
    path: str, query: bytes, key_said: bytes | None, office_said: bytes | None
) -> tuple[str, str | None, str | None]:
    """What the head of a request says: its route, the key of the record it is about, the office that asks.

    `key_said` and `office_said` are the values of the headers that name them.
    """
    key = None if key_said is None else key_said.decode("latin-1")[:200]
    office = None if office_said is None else office_said.decode("latin-1")[:20]
    if office is None and query:
        office = office_in(query)
    if (named := key_in(path)) is not None:
        return _RECORD_ROUTE, key or named, office
    return route_of(path), key, office


def route_of(path: str) -> str:
    """The path without the NIK or key that it may hold."""
    if path.startswith(_RECORD) and _is_last(path, _RECORD):
        return _RECORD_ROUTE
    if path.startswith(_RESIDENT) and _is_last(path, _RESIDENT):
        return _RESIDENT_ROUTE
    return path


def key_in(path: str) -> str | None:
    """The record's key that a path names."""
    return path[len(_RECORD) :][:200] if path.startswith(_RECORD) and _is_last(path, _RECORD) else None


def _is_last(path: str, prefix: str) -> bool:
    """Whether one more word follows the prefix, and nothing after it."""
    return len(path) > len(prefix) and path.rfind("/") < len(prefix)


def office_in(query: bytes) -> str | None:
    """The office that a query asks for, if it asks for one alone."""
    found = _OFFICE.findall(query) if b"office=" in query else []
    return unquote(found[0].decode("latin-1"))[:20] or None if len(found) == 1 else None
