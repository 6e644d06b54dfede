"""Whatever the broker brings is an event that can be kept, or is told from one in words that repeat nothing of it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from sqlmodel import Session

from shared.contracts import enrolment, queue
from shared.contracts.envelope import Event, EventData, NotAnEvent
from shared.contracts.marks import MarksAsked, MarksTold
from shared.contracts.resend import ResendRequested
from shared.messaging.handlers import Handlers, Poison
from shared.messaging.inbox import Inbox, Outcome
from shared.sample import load_offices
from shared.tables import metadata

ALL: tuple[type[EventData], ...] = (*queue.EVENTS, *enrolment.EVENTS, ResendRequested, MarksAsked, MarksTold)
NOW = datetime(2016, 9, 16, 1, tzinfo=UTC)
SECRET = "3313074506980001"
"""What must not be repeated, wherever it stands."""
POSTGRES_INTEGER = 2**31 - 1


def sample(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """Something that a schema allows."""
    if schema.get("$ref") == "#/$defs/Office":
        return load_offices(None)[0].model_dump(mode="json")
    if "$ref" in schema:
        return sample(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if options := schema.get("anyOf") or schema.get("enum"):
        return sample(options[0], definitions) if isinstance(options[0], dict) else options[0]
    match schema.get("type"):
        case "object":
            return {name: sample(each, definitions) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [sample(schema["items"], definitions)] if "items" in schema else []
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    formats = {"date-time": NOW.isoformat(), "date": "2016-09-16", "time": "07:30:00"}
    return formats.get(schema.get("format", ""), schema.get("const", "33.13.07"))


def written_by_us(data: type[EventData]) -> dict[str, Any]:
    """A real event of this type, as JSON."""
    schema = data.model_json_schema()
    said = data.model_validate(sample(schema, schema.get("$defs", {})))
    event = Event(
        id="01992f3c-7a10-7a3e-9d6b-0a1b2c3d4e5f",
        source="queue_api",
        type=data.event_type,
        subject="01992f3c-7a10-7a3e-9d6b-0a1b2c3d4e60",
        time=NOW,
        sequence=3,
        office="33.13.07",
        data=said.model_dump(mode="json"),
    )
    found: dict[str, Any] = json.loads(event.encode())
    return found


EVENTS = [written_by_us(each) for each in ALL]
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, "", SECRET, [SECRET], {SECRET: SECRET}, "a\x00b", "x" * 5000, -1, 0, 1.5, 2**31, 2**63, 10**30,
        1e308, float("nan"), "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", [], {}, [[[]]],
    ]
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield (*path, key)
        yield from places(each, (*path, key))


@st.composite
def changed_events(draw: st.DrawFn) -> bytes:
    """A real event with some of its values taken out or replaced, perhaps damaged on the way."""
    event = json.loads(json.dumps(draw(st.sampled_from(EVENTS))))
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(list(places(event))))
        owner = event
        for key in path:
            owner = owner[key]
        if draw(st.booleans()):
            owner[last] = deepcopy(draw(ODD))  # it may be changed in its turn
        elif isinstance(owner, dict):
            owner[SECRET] = owner.pop(last)
        if not event:
            break
    body = json.dumps(event).encode()
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(st.binary(max_size=4)) + body[at + draw(st.integers(0, 3)) :]
    return body


@pytest.fixture(scope="module")
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as opened:
        metadata.create_all(opened)
        opened.commit()
        yield opened
    engine.dispose()


def inbox() -> Inbox:
    handlers = Handlers()
    for data in ALL:
        handlers.on(data, lambda _session, _event, _data: None)
    return Inbox(handlers, "parked")


def read(body: bytes) -> Event | None:
    said = ""
    try:
        return Event.decode(body)
    except NotAnEvent as error:
        said = str(error)
    assert SECRET not in said, "it repeats what stands there"
    return None


def take(connection: sa.Connection, event: Event) -> None:
    """As a consumer does; whatever can't be applied can be kept and parked, whyever it can't be."""
    said = "HandlerFailed"
    with Session(bind=connection) as session:
        try:
            assert inbox().receive(session, event, NOW) in set(Outcome)
        except Poison as poison:
            said = str(poison)
        connection.rollback()
    assert SECRET not in said, "it repeats what stands there"
    with Session(bind=connection) as session:
        assert inbox().fail(session, event, said, NOW, hopeless=True, brought=True)
        connection.rollback()


@given(body=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@example(b"")
@example(b"\xff\xfe")
@example(b"[" * 100_000)
@example(b'{"sequence": ' + b"9" * 10_000)
@settings(max_examples=300, deadline=None, print_blob=True)
def test_any_bytes_are_told_from_an_event(body: bytes) -> None:
    assert read(body) is None


@given(body=changed_events())
@example(json.dumps(EVENTS[0] | {"sequence": 10**30}).encode())
@example(json.dumps(EVENTS[0] | {"id": "x" * 37}).encode())
@example(json.dumps(EVENTS[0] | {"sequence": POSTGRES_INTEGER + 1}).encode())
@settings(max_examples=500, deadline=None, print_blob=True)
def test_a_changed_event_is_applied_kept_parked_or_told_from_one(
    connection: sa.Connection, body: bytes
) -> None:
    event = read(body)
    if event is not None:
        assert event.sequence <= POSTGRES_INTEGER, "a place in order that no database can keep"
        assert len(event.id) <= 36 and len(event.subject) <= 100
        assert "\x00" not in event.subject + event.id + event.source, "text that PostgreSQL can't keep"
        Event.decode(event.encode())
        take(connection, event)


@pytest.mark.parametrize("written", EVENTS, ids=lambda each: each["type"])
def test_what_we_write_is_read_again(connection: sa.Connection, written: dict[str, Any]) -> None:
    event = Event.decode(json.dumps(written).encode())
    assert json.loads(event.encode()) == written
    take(connection, event.model_copy(update={"sequence": 1}))
