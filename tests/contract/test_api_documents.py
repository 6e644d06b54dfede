"""The documents under docs/api say what the code does, and are what their formats ask for."""

import json
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest
from jsonschema import Draft7Validator

from services.ektp.api_documents import FOLDER, api_documents
from services.ektp.async_api import PUBLISHED, async_api_document, receives
from services.ektp.cli import app as cli
from shared.contracts.envelope import CONTENT_TYPE, Event
from shared.messaging.topology import ENROLMENT_API, EXCHANGE, QUEUE_API

ASYNC_API = Path(__file__).with_name("asyncapi-3.0.0.schema.json")
OPEN_API = ["queue_api", "enrolment_api", "central_mock", "central_mock_control"]


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def test_none_is_stale_and_none_is_left_over() -> None:
    expected = api_documents()
    assert sorted(path.name for path in FOLDER.glob("*.json")) == sorted(expected)
    stale = [name for name, text in expected.items() if (FOLDER / name).read_text() != text]
    assert stale == [], "run `ektp api-documents` and commit what it wrote"


def test_the_command_tells_a_stale_document_from_a_fresh_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.ektp import api_documents as module
    from services.ektp.errors import CommandFailed

    monkeypatch.setattr(module, "api_documents", lambda: {"a.json": "new\n", "b.json": "same\n"})
    (tmp_path / "a.json").write_text("old\n")
    (tmp_path / "b.json").write_text("same\n")
    with pytest.raises(CommandFailed, match=r"stale: a\.json"):
        module.check_documents(tmp_path)
    assert module.write_documents(tmp_path) == ["a.json"]
    module.check_documents(tmp_path)
    assert "api-documents" in [command.name for command in cli.registered_commands]


@pytest.mark.parametrize("name", OPEN_API)
def test_the_open_api_documents_are_valid(name: str) -> None:
    openapi_spec_validator.validate(read(f"{name}.openapi.json"))


@pytest.mark.parametrize("name", OPEN_API)
def test_every_call_documents_its_refusals_as_problems(name: str) -> None:
    document = read(f"{name}.openapi.json")
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            refused = call["responses"]["422"]["content"]
            assert "application/problem+json" in refused, f"{method} {path}"


def test_the_events_are_a_valid_async_api_document() -> None:
    check = Draft7Validator(json.loads(ASYNC_API.read_text()))
    document = read("events.asyncapi.json")
    assert [error.message for error in check.iter_errors(document)] == []
    broken = document | {"operations": {"x": {"action": "shout", "channel": {"$ref": "#/channels/x"}}}}
    assert list(check.iter_errors(broken)), "the schema would let anything through"


def test_every_reference_of_the_async_api_document_leads_somewhere() -> None:
    document = read("events.asyncapi.json")

    def lead(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                found = document
                for part in node["$ref"].removeprefix("#/").split("/"):
                    found = found[part]
            for each in node.values():
                lead(each)
        elif isinstance(node, list):
            for each in node:
                lead(each)

    lead(document)


def test_each_event_has_a_channel_on_the_exchange_and_who_sends_and_receives_it() -> None:
    document = async_api_document()
    for service, events in PUBLISHED.items():
        for event in events:
            channel = document["channels"][event.event_type]
            assert channel["bindings"]["amqp"]["exchange"]["name"] == EXCHANGE
            sent = document["operations"][f"{service}.sends.{event.event_type}"]
            assert (sent["action"], sent["bindings"]["amqp"]["mandatory"]) == ("send", True)
            taker = ENROLMENT_API if service == "queue_api" else QUEUE_API
            assert event.__name__ in document["channels"][taker.queue]["messages"]
            assert event.__name__ in document["channels"][taker.parked]["messages"]


@pytest.mark.parametrize(
    ("key", "taken"),
    [("queue.ticket.issued.v1", True), ("queue", True), ("queues.x", False), ("x.queue", False)],
)
def test_bindings_are_read_as_the_broker_reads_them(key: str, taken: bool) -> None:
    assert receives(ENROLMENT_API, key) is taken


def test_a_real_event_fits_its_schema() -> None:
    document = async_api_document()
    event = Event(
        id="018f", source="queue_api", type="queue.ticket.held.v1", subject="ticket-1", sequence=3,
        time="2016-09-16T07:30:00+07:00", office="33.13.07",
        data={"number": "A024", "service": "ENROLMENT", "day": "2016-09-16", "interrupted": True,
              "arrived_at": "2016-09-16T07:30:00+07:00", "outage_id": None},
    )  # fmt: skip
    payload = document["components"]["messages"]["TicketHeld"]["payload"]
    check = Draft7Validator({**payload, "components": document["components"]})
    body = json.loads(event.encode())
    assert [error.message for error in check.iter_errors(body)] == []
    assert list(check.iter_errors(body | {"type": "queue.ticket.called.v1"}))
    del body["data"]["interrupted"]
    assert list(check.iter_errors(body))
    assert document["defaultContentType"] == CONTENT_TYPE
