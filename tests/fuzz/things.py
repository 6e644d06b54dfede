"""Things that are there when the fuzz begins: tickets, records, rules. Else every path with an id ends at 404."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5
from zoneinfo import ZoneInfo

import httpx

from services.enrolment_api.recording.domain import ALL_MODALITIES
from shared.contracts.central import RecordEnvelope
from shared.packets import BIODATA as BIODATA_PART
from shared.packets import Sealer, pack
from tests.fuzz.served import Served

OFFICE = "33.13.07"
Things = dict[str, list[str]]
"""Values of a path's parameters, by its name."""
BIODATA = {
    "name": "FITRIYANI", "birth_place": "Karanganyar", "birth_date": "2000-08-17", "sex": "FEMALE",
    "marital_status": "SINGLE", "address": "Kemuning", "religion": "ISLAM", "occupation": "PELAJAR",
    "nationality": "WNI",
}  # fmt: skip


def make_things(document: str, service: Served) -> "Things":
    """What the operations of that document can be tried on."""
    with client_of(service) as client:
        return MAKERS[document](client)


def client_of(service: Served) -> httpx.Client:
    """Somebody who may do everything."""
    return httpx.Client(base_url=service.url, headers=service.everybody(), timeout=20, trust_env=False)


def _queue(client: httpx.Client) -> Things:
    tickets = [
        _made(client, "POST", f"/v1/offices/{OFFICE}/tickets", {"service": "ENROLMENT"}) for _ in range(9)
    ]
    voucher = _made(client, "POST", f"/v1/tickets/{tickets[8]['id']}/voucher", {})
    outage = _made(client, "POST", f"/v1/offices/{OFFICE}/outages", {"hop": "LINK"})
    return _of_today() | {
        "ticket_id": [ticket["id"] for ticket in tickets],
        "code": [tickets[0]["code"], voucher["code"]],
        "outage_id": [outage["id"]],
        "counter": ["1", "2"],
    }


def _enrolment(client: httpx.Client) -> Things:
    drafts = [_draft(client, serial) for serial in range(1, 4)]
    _capture_all(client, drafts[0])
    done = _made(client, "POST", f"/v1/enrolments/{drafts[0]}/complete", None)
    _capture(client, drafts[1], "photo")
    return _of_today() | {
        "record_id": drafts,
        "delivery_id": [drafts[0]],
        "code": [done["receipt"]["code"]],
        "modality": ["photo", "signature"],
    }


def _draft(client: httpx.Client, serial: int) -> str:
    return str(_made(client, "POST", "/v1/enrolments", _draft_order(serial))["id"])


def _draft_order(serial: int) -> dict[str, Any]:
    return {"office": OFFICE, "nik": f"331307570800{serial:04d}", "kind": "FIRST_TIME", "biodata": BIODATA}


def _capture(client: httpx.Client, record: str, modality: str) -> None:
    content = f"{modality} of {record}".encode()
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    headers = {"Content-Digest": f"sha-256=:{digest}:", "Content-Type": "application/octet-stream"}
    path = f"/v1/enrolments/{record}/captures/{modality}?quality=80"
    client.put(path, content=content, headers=headers).raise_for_status()


def _capture_all(client: httpx.Client, record: str) -> None:
    for modality in ALL_MODALITIES:
        _capture(client, record, modality)
        if modality == "photo":
            _made(client, "POST", f"/v1/enrolments/{record}/photo-approval", {"approved": True})


def _centre(client: httpx.Client) -> Things:
    residents = _made(client, "GET", f"/central/v1/residents?office={OFFICE}", None)["residents"]
    return {"office": [OFFICE], "nik": [residents[0]["nik"]]}


def _console(client: httpx.Client) -> Things:
    rule = _made(client, "POST", "/control/v1/faults", {"fault": {"kind": "HTTP_503"}})
    return {"name": [rule["name"], "flapping", "thin-link"]}


def _of_today() -> Things:
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date().isoformat()
    return {"office": [OFFICE], "day": [today], "date": [today]}


def _made(client: httpx.Client, method: str, path: str, body: Any) -> dict[str, Any]:
    answer = client.request(method, path, json=body)
    assert answer.is_success, f"{method} {path}: {answer.text}"
    found: dict[str, Any] = answer.json()
    return found


MAKERS: dict[str, Callable[[httpx.Client], Things]] = {
    "queue_api": _queue,
    "enrolment_api": _enrolment,
    "central_mock": _centre,
    "central_mock_control": _console,
}


@dataclass(frozen=True)
class Order:
    """What somebody sends who knows what he wants."""

    body: Any
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@cache
def _record_order(number: int, keys: Path) -> Order:
    sealer = Sealer.from_directory(keys)
    key = str(uuid5(NAMESPACE_OID, str(number)))
    biodata = json.dumps({"nik": f"331307570800{number:04d}", "biodata": BIODATA}).encode()
    packet = pack(key, {BIODATA_PART: sealer.seal(key, BIODATA_PART, biodata)})
    envelope = RecordEnvelope(
        key=key, office=OFFICE, kind="FIRST_TIME", captured_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
        packet_sha256=hashlib.sha256(packet).hexdigest(), packet_bytes=len(packet),
    )  # fmt: skip
    body = {"envelope": envelope.model_dump(mode="json"), "packet": packet}
    return Order(body, "multipart/form-data", {"Idempotency-Key": key})


ORDERS: dict[str, Callable[[int, Served], Order]] = {
    "POST /v1/offices/{office}/tickets": lambda _number, _service: Order({"service": "ENROLMENT"}),
    "POST /v1/offices/{office}/counters/{counter}/call-next": lambda _number, _service: Order({}),
    "POST /v1/vouchers/{code}/redeem": lambda _number, _service: Order({"office": OFFICE}),
    "POST /v1/offices/{office}/outages": lambda _number, _service: Order({"hop": "LINK"}),
    "POST /v1/enrolments": lambda number, _service: Order(_draft_order(100 + number)),
    # some are sent twice, as after an answer that was lost
    "POST /central/v1/records": lambda number, service: _record_order(number // 2, service.keys_dir),
    "POST /control/v1/faults": lambda _number, _service: Order({"fault": {"kind": "HTTP_503"}}),
    "PUT /control/v1/faults/{name}": lambda _number, _service: Order({"fault": {"kind": "HANG"}}),
}
"""What is in order where things are made, by operation; each differs by its number."""

WORK: dict[str, Callable[[httpx.Client, dict[str, Any]], None]] = {
    "POST /v1/enrolments": lambda client, made: _capture_all(client, made["id"]),
}
"""What is done with something that was made in order, before anybody walks on: fourteen captures no walk would find."""


class Hands:
    """Hands the things out in turn; every third time it leaves a value as it was made up."""

    def __init__(self, things: Things) -> None:
        self._things: dict[str, Iterator[str | None]] = {
            name: cycle([*values, *values, None]) for name, values in things.items()
        }

    def put_into(self, parameters: dict[str, Any]) -> None:
        """Replace what is made up."""
        for name in parameters:
            if name in self._things and (thing := next(self._things[name])) is not None:
                parameters[name] = thing
