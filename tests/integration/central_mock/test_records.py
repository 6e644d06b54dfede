"""Taking records over: once in effect, the same receipt each time, each refusal told apart."""

import asyncio
import base64
from collections import Counter
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.contracts.central import SignedReceipt
from shared.ids import new_id
from shared.packets import BIODATA, Sealer, pack
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.office import BOUNDARY, Prepared


async def test_a_record_is_answered_with_a_receipt_signed_by_the_centre(any_centre: RunningCentre) -> None:
    record = any_centre.office.prepare()

    answer = await any_centre.office.post(record)

    assert answer.status_code == 201
    receipt = SignedReceipt.model_validate_json(answer.content)
    assert (receipt.key, receipt.packet_sha256) == (record.key, record.sha256)
    keys = (await any_centre.api.get("/central/v1/keys")).json()
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(keys["sign"]))
    public.verify(base64.b64decode(receipt.signature), receipt.signed_bytes())


async def test_the_same_record_again_gets_the_same_receipt(any_centre: RunningCentre) -> None:
    record = any_centre.office.prepare()
    first = await any_centre.office.post(record)

    again = await any_centre.office.post(record)

    assert again.status_code == 200
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content


async def test_a_record_that_is_held_can_be_asked_for_by_its_key(any_centre: RunningCentre) -> None:
    record = any_centre.office.prepare()
    assert (await any_centre.api.get(f"/central/v1/records/{record.key}")).status_code == 404
    receipt = (await any_centre.office.post(record)).json()

    assert (await any_centre.api.get(f"/central/v1/records/{record.key}")).json() == receipt


async def test_sixteen_at_once_take_effect_once(any_centre: RunningCentre) -> None:
    record = any_centre.office.prepare()

    answers = await asyncio.gather(*(any_centre.office.post(record) for _ in range(16)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 15}
    assert len({answer.content for answer in answers}) == 1
    assert (await any_centre.control.get("/control/v1/state")).json()["records"]["total"] == 1


async def test_other_bytes_under_the_same_key_are_a_conflict(any_centre: RunningCentre) -> None:
    record = any_centre.office.prepare()
    await any_centre.office.post(record)
    resealed = any_centre.office.prepare(key=record.key)
    moved = Prepared(record.envelope | {"office": "33.20"}, record.packet)
    damaged = Prepared(record.envelope, record.packet[:-1] + b"?")

    for other in (resealed, moved, damaged):
        answer = await any_centre.office.post(other)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:ektp:problem:key-taken")


async def test_a_packet_that_was_damaged_on_the_way_can_be_sent_again(centre: RunningCentre) -> None:
    record = centre.office.prepare()
    cut = Prepared(record.envelope, record.packet[:-10])
    changed = Prepared(record.envelope, record.packet[:-1] + bytes([record.packet[-1] ^ 1]))

    for damaged in (cut, changed):
        answer = await centre.office.post(damaged)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:ektp:problem:packet-not-whole")
    assert (await centre.office.post(record)).status_code == 201


async def test_a_packet_that_cannot_be_opened_is_the_records_own_rejection(
    centre: RunningCentre, keys: Path
) -> None:
    sealer, key = Sealer.from_directory(keys), new_id()
    sealed_for_another = sealer.seal(new_id(), BIODATA, b'{"nik": "3313075708990001"}')
    unopenable = {
        "no packet at all": b"not CBOR",
        "another record's": pack(new_id(), {BIODATA: sealed_for_another}),
        "sealed for another": pack(key, {BIODATA: sealed_for_another}),
        "no biodata": pack(key, {"photo": sealer.seal(key, "photo", b"p")}),
        "no JSON": pack(key, {BIODATA: sealer.seal(key, BIODATA, b"\xff")}),
        "no NIK": pack(key, {BIODATA: sealer.seal(key, BIODATA, b"{}")}),
        "a list": pack(key, {BIODATA: sealer.seal(key, BIODATA, b"[]")}),
    }
    for what, packet in unopenable.items():
        answer = await centre.office.post(centre.office.enveloped(key, packet))
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:ektp:problem:record-rejected"), what
    assert (await centre.control.get("/control/v1/state")).json()["records"]["total"] == 0
    assert {each["outcome"] for each in await centre.journal()} == {"REJECTED"}


async def test_the_key_in_the_header_is_the_envelopes(centre: RunningCentre) -> None:
    record = centre.office.prepare()

    other = await centre.office.post(record, key=new_id())
    none = await centre.api.post(
        "/central/v1/records",
        content=record.form(),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )

    for answer in (other, none):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"


async def test_an_envelope_with_a_field_too_many_is_refused_by_name(centre: RunningCentre) -> None:
    record = centre.office.prepare()
    answer = await centre.office.post(Prepared(record.envelope | {"nik": "3313075708990001"}, record.packet))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/envelope/nik"
    assert "3313075708990001" not in answer.text


FORM = f"multipart/form-data; boundary={BOUNDARY}"
PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="envelope"\r\n\r\n{{}}\r\n'


@pytest.mark.parametrize(
    ("media", "body", "status"),
    [
        ("application/json", "{}", 415),
        ("multipart/form-data", "", 415),
        (FORM, "", 422),
        (FORM, PART, 422),
        (FORM, f"{PART}--{BOUNDARY}--\r\n", 422),
        (FORM, f"{PART}{PART}--{BOUNDARY}--\r\n", 422),
        (FORM, PART.replace("envelope", "surprise") + f"--{BOUNDARY}--\r\n", 422),
        (FORM, f"--{BOUNDARY}\r\nno header here\r\n--{BOUNDARY}--\r\n", 422),
    ],
)
async def test_a_form_that_is_not_one_is_refused(
    centre: RunningCentre, media: str, body: str, status: int
) -> None:
    answer = await centre.api.post(
        "/central/v1/records", content=body, headers={"Content-Type": media, "Idempotency-Key": new_id()}
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_form_as_an_http_library_writes_it_is_read(centre: RunningCentre) -> None:
    record = centre.office.prepare(size=200_000)
    envelope = record.form().split(b"\r\n\r\n")[1].split(b"\r\n--")[0]

    answer = await centre.api.post(
        "/central/v1/records",
        files={
            "envelope": ("envelope.json", envelope, "application/json"),
            "packet": ("packet.bin", record.packet, "application/octet-stream"),
        },
        headers={"Idempotency-Key": record.key},
    )

    assert answer.status_code == 201
