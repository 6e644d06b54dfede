"""An entry as a row and back."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
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

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_ROUTE = 300
LONGEST_RULES = 4000


def microseconds(at: datetime) -> int:
    """Since 1970."""
    return round(at.timestamp() * 1e6)


def time_of(us: int) -> datetime:
    """The time those microseconds mean."""
    return EPOCH + timedelta(microseconds=us)


Row = tuple[Any, ...]
COLUMNS = (
    "id", "seq", "what", "at_us", "ended_us", "ms", "connection", "method", "route", "key", "office", "attempt",
    "bytes_in", "bytes_out", "status", "retry_after", "outcome", "applied", "acknowledged", "finished", "fault",
    "rules", "detail",
)  # fmt: skip


def row_of(entry: AnyEntry) -> Row:
    """The columns of `journal`, all of them in their order, so that one statement takes rows of every kind."""
    if isinstance(entry, Entry):
        return _of_request(entry)
    row: dict[str, Any] = dict.fromkeys(COLUMNS) | _IN_EACH
    row.update(
        id=entry.id,
        seq=entry.seq,
        what=entry.what.value,
        at_us=microseconds(entry.at),
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
        "ended_us": _ended(entry),
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
        microseconds(entry.at),
        _ended(entry),
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


def _ended(entry: Entry | ConnectionEntry) -> int | None:
    return None if entry.ended_at is None else microseconds(entry.ended_at)


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


def entry_of(row: Mapping[str, Any]) -> AnyEntry:
    """The entry that the row was made of."""
    what, at = What(row["what"]), time_of(row["at_us"])
    detail = json.loads(row["detail"]) if row["detail"] else {}
    if what in {What.RULE, What.SCENARIO}:
        return Note(row["id"], at, what, detail["event"], detail["name"], detail["detail"], row["seq"])
    ended = time_of(row["ended_us"]) if row["ended_us"] is not None else None
    both: dict[str, Any] = {
        "office": row["office"],
        "bytes_in": row["bytes_in"],
        "bytes_out": row["bytes_out"],
        "fault": row["fault"],
        "rules": tuple(row["rules"].strip("|").split("|")) if row["rules"] else (),
        "finished": bool(row["finished"]),
        "ended_at": ended,
        "ms": row["ms"],
        "seq": row["seq"],
    }
    if what is What.CONNECTION:
        closed_by = detail["closed_by"]
        return ConnectionEntry(
            row["id"],
            at,
            detail["peer"],
            requests=detail["requests"],
            closed_by=ClosedBy(closed_by) if closed_by else None,
            **both,
        )
    return Entry(
        row["id"],
        at,
        row["connection"],
        row["method"],
        row["route"],
        key=row["key"],
        attempt=row["attempt"],
        status=row["status"],
        retry_after=row["retry_after"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        applied=bool(row["applied"]),
        acknowledged=bool(row["acknowledged"]),
        **both,
    )
