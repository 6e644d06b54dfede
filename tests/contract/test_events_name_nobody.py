"""No event can carry a NIK, a name or a biometric: not one of the fields that its schema allows could hold it."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import create_model

from shared.contracts import enrolment, queue
from shared.contracts.envelope import Event, EventData, Outgoing
from shared.contracts.marks import MarksAsked, MarksTold
from shared.contracts.offices import Counter, Office
from shared.contracts.resend import ResendRequested

ALL: tuple[type[EventData], ...] = (*queue.EVENTS, *enrolment.EVENTS, ResendRequested, MarksAsked, MarksTold)

BANNED_WORDS = {
    "nik", "name", "nama", "kk", "birth", "born", "address", "alamat", "phone", "email", "sex", "gender", "religion",
    "agama", "blood", "marital", "occupation", "nationality", "mother", "father", "biodata", "person", "citizen",
    "applicant", "resident", "photo", "face", "finger", "fingerprint", "iris", "signature", "biometric", "minutiae",
    "packet", "capture", "image", "note", "comment", "remark",
}  # fmt: skip
# The names of offices and their counters are on their doors.
NAMES_OF_PLACES = {(Office.__name__, "name"), (Counter.__name__, "name")}
# Text without a limit to its meaning, each looked at: staff ids, keys of ours, words of the centre or of an enum.
KNOWN_TEXTS = {
    "number", "priority", "counter", "officer", "outage_id", "reason", "to_ticket", "to_office", "by", "source",
    "kind", "ticket_id", "receipt_number", "status", "record_id", "subject", "to", "code", "name",
}  # fmt: skip


def schemas(data: type[EventData]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object of the event's schema with its title."""
    whole = data.model_json_schema()
    yield data.__name__, whole
    yield from whole.get("$defs", {}).items()


def fields(data: type[EventData]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Owner, name and schema of every field, nested ones too."""
    for owner, schema in schemas(data):
        for name, described in schema.get("properties", {}).items():
            yield owner, name, described


def banned(data: type[EventData]) -> list[str]:
    return [
        f"{owner}.{name}"
        for owner, name, _ in fields(data)
        if BANNED_WORDS & set(name.lower().split("_")) and (owner, name) not in NAMES_OF_PLACES
    ]


@pytest.mark.parametrize("data", ALL, ids=lambda each: each.event_type)
def test_no_field_is_named_for_what_must_not_travel(data: type[EventData]) -> None:
    assert banned(data) == []


@pytest.mark.parametrize("data", ALL, ids=lambda each: each.event_type)
def test_every_free_text_was_looked_at(data: type[EventData]) -> None:
    free = {name for _, name, described in fields(data) if _is_free_text(described)}
    assert free <= KNOWN_TEXTS, (
        f"look whether {free - KNOWN_TEXTS} could hold a person's data, then list it here"
    )


def _is_free_text(described: dict[str, Any]) -> bool:
    kinds = described.get("anyOf", [described])
    return any(
        kind.get("type") == "string" and not {"format", "enum", "const", "pattern"} & kind.keys()
        for kind in kinds
    )


def test_every_event_class_is_listed() -> None:
    def descendants(kind: type[EventData]) -> Iterator[type[EventData]]:
        for each in kind.__subclasses__():
            yield each
            yield from descendants(each)

    ours = {each for each in descendants(EventData) if each.__module__.startswith("shared.contracts")}
    assert {each for each in ours if "event_type" in vars(each)} == set(ALL)
    assert len({each.event_type for each in ALL}) == len(ALL)


def test_a_field_that_is_not_in_the_contract_does_not_travel() -> None:
    data = queue.TicketCancelled.model_validate(
        {"number": "A001", "service": "ENROLMENT", "day": "2016-09-16", "arrived_at": "2016-09-16T07:30:00+07:00",
         "nik": "3313071609160001"}
    )  # fmt: skip
    outgoing = Outgoing(subject="ticket-1", office="33.13.07", at=data.arrived_at, data=data)
    assert "3313071609160001" not in str(outgoing.data.model_dump())


def test_this_test_would_catch_one() -> None:
    for name in ("nik", "full_name", "left_iris", "finger_r1", "birth_date"):
        leaky = create_model("Leaky", __base__=EventData, **{name: (str, ...)})  # type: ignore[call-overload]  # by name
        assert banned(leaky) == [f"Leaky.{name}"]
    assert _is_free_text({"type": "string"}) and not _is_free_text({"type": "string", "format": "date"})


def test_the_envelope_itself_has_no_room_for_a_person() -> None:
    allowed = {
        "specversion", "id", "source", "type", "subject", "time", "sequence", "office", "traceparent",
        "datacontenttype", "data",
    }  # fmt: skip
    assert set(Event.model_fields) == allowed
