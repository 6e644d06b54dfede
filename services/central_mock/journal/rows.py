"""An entry as a row of plain values and back. Rows lie in the body of a batch, in CBOR."""

import json
from collections.abc import Sequence
from typing import Any

from services.central_mock.journal.domain import (
    AnyEntry,
    ClosedBy,
    ConnectionEntry,
    Entry,
    Note,
    Outcome,
    What,
)

LONGEST_ROUTE = 300
LONGEST_RULES = 4000


Row = tuple[Any, ...]
COLUMNS = (
    "id", "seq", "what", "at_us", "ended_us", "ms", "connection", "method", "route", "key", "office", "attempt",
    "bytes_in", "bytes_out", "status", "retry_after", "outcome", "applied", "acknowledged", "finished", "fault",
    "rules", "detail",
)  # fmt: skip


def row_of(entry: AnyEntry) -> Row:
    """All of `COLUMNS` in their order, whatever the kind of the entry."""
    if isinstance(entry, Entry):
        return _of_request(entry)
    row: dict[str, Any] = dict.fromkeys(COLUMNS) | _IN_EACH
    row.update(
        id=entry.id,
        seq=entry.seq,
        what=entry.what.value,
        at_us=entry.at_us,
        finished=entry.finished,
        rules=_joined(entry.rules),
    )
    row.update(_of_note(entry) if isinstance(entry, Note) else _of_connection(entry))
    return tuple(row.values())


_IN_EACH: dict[str, Any] = {"bytes_in": 0, "bytes_out": 0, "applied": False, "acknowledged": False}


def _of_note(entry: Note) -> dict[str, Any]:
    facts = {"event": entry.event, "name": entry.name, "detail": entry.detail}
    return {"detail": json.dumps(facts, default=str)}


def _of_connection(entry: ConnectionEntry) -> dict[str, Any]:
    facts = {"peer": entry.peer, "requests": entry.requests, "closed_by": entry.closed_by}
    return {
        "ended_us": entry.ended_us,
        "ms": entry.ms,
        "connection": entry.id,
        "office": entry.office,
        "bytes_in": entry.bytes_in,
        "bytes_out": entry.bytes_out,
        "fault": _text(entry.fault),
        "detail": json.dumps(facts),
    }


def _of_request(entry: Entry) -> Row:
    """Written out in full: it is done for each request."""
    return (
        entry.id,
        entry.seq,
        "REQUEST",
        entry.at_us,
        entry.ended_us,
        entry.ms,
        entry.connection,
        entry.method[:20],
        entry.route[:LONGEST_ROUTE],
        entry.key,
        entry.office,
        entry.attempt,
        entry.bytes_in,
        entry.bytes_out,
        entry.status,
        entry.retry_after and entry.retry_after[:200],
        _text(entry.outcome),
        entry.applied,
        entry.acknowledged,
        entry.finished,
        _text(entry.fault),
        _joined(entry.rules) if entry.rules else "",
        None,
    )


def _text(name: str | None) -> str | None:
    """Plain, for drivers are slow with an enum's members."""
    return None if name is None else str(name)


def _joined(rules: tuple[str, ...]) -> str:
    """Between bars; names that don't fit are left out whole."""
    text = "|"
    for each in rules:
        if len(text) + len(each) < LONGEST_RULES:
            text += each + "|"
    return text if rules else ""


def entry_of(row: Sequence[Any]) -> AnyEntry:
    """The entry that the row was made of."""
    (
        number, seq, what, at_us, ended_us, ms, connection, method, route, key, office, attempt, bytes_in, bytes_out,
        status, retry_after, outcome, applied, acknowledged, finished, fault, joined, detail,
    ) = row  # fmt: skip
    if what in {"RULE", "SCENARIO"}:
        facts = json.loads(detail)
        return Note(number, at_us, What(what), facts["event"], facts["name"], facts["detail"], seq)
    rules = tuple(joined.strip("|").split("|")) if joined else ()
    if what == "CONNECTION":
        facts = json.loads(detail)
        closed_by = ClosedBy(facts["closed_by"]) if facts["closed_by"] else None
        return ConnectionEntry(
            number, at_us, facts["peer"], office, facts["requests"], bytes_in, bytes_out, closed_by, fault, rules,
            finished, ended_us, ms, seq,
        )  # fmt: skip
    return Entry(
        number, at_us, connection, method, route, key, office, attempt, bytes_in, bytes_out, status, retry_after,
        Outcome(outcome) if outcome else None, applied, acknowledged, fault, rules, finished, ended_us, ms, seq,
    )  # fmt: skip
