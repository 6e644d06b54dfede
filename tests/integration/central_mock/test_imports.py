"""A file that was carried by hand: taken over record by record, and no duplicates after."""

import base64
import json

import cbor2
import pytest

from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.office import Prepared


def as_cbor(records: list[Prepared]) -> bytes:
    return cbor2.dumps(
        {"version": 1, "records": [{"envelope": each.envelope, "packet": each.packet} for each in records]}
    )


def as_json(records: list[Prepared]) -> bytes:
    return json.dumps(
        {
            "version": 1,
            "records": [
                {"envelope": each.envelope, "packet": base64.b64encode(each.packet).decode()}
                for each in records
            ],
        }
    ).encode()


@pytest.mark.parametrize(("media", "write"), [("application/cbor", as_cbor), ("application/json", as_json)])
async def test_each_record_has_its_own_outcome(centre: RunningCentre, media: str, write: object) -> None:
    new, known = centre.office.prepare(), centre.office.prepare(nik="3313071203980002")
    receipt = (await centre.office.post(known)).json()
    other = centre.office.prepare(key=known.key)
    damaged = Prepared(centre.office.prepare().envelope, new.packet)
    assert callable(write)

    answer = await centre.api.post(
        "/central/v1/imports",
        content=write([new, known, other, damaged]),
        headers={"Content-Type": media},
    )

    report = answer.json()
    assert (report["accepted"], report["already_held"], report["refused"]) == (1, 1, 2)
    outcomes = [each["outcome"] for each in report["outcomes"]]
    assert outcomes == ["ACCEPTED", "ALREADY_HELD", "CONFLICT", "REJECTED"]
    assert report["outcomes"][1]["receipt"] == receipt
    assert (await centre.api.get(f"/central/v1/records/{new.key}")).json() == report["outcomes"][0]["receipt"]


async def test_a_record_that_was_carried_and_then_sent_is_there_once(centre: RunningCentre) -> None:
    record = centre.office.prepare()
    for _ in range(2):
        await centre.api.post(
            "/central/v1/imports", content=as_cbor([record]), headers={"Content-Type": "application/cbor"}
        )

    assert (await centre.office.post(record)).status_code == 200
    assert (await centre.verify(keys=[record.key]))["ok"]


@pytest.mark.parametrize(
    ("media", "body", "status"),
    [
        ("text/csv", b"key", 415),
        ("application/cbor", b"\xff", 422),
        ("application/json", b"{", 422),
        ("application/json", b"[]", 422),
        ("application/json", b'{"version": 2, "records": []}', 422),
        ("application/json", b'{"version": 1}', 422),
    ],
)
async def test_a_file_that_is_none_is_refused(
    centre: RunningCentre, media: str, body: bytes, status: int
) -> None:
    answer = await centre.api.post("/central/v1/imports", content=body, headers={"Content-Type": media})
    assert answer.status_code == status


async def test_what_is_no_record_is_said_so_and_stops_no_other(centre: RunningCentre) -> None:
    record = centre.office.prepare()
    content = {"version": 1, "records": ["nonsense", {"envelope": record.envelope, "packet": record.packet}]}

    answer = await centre.api.post(
        "/central/v1/imports", content=cbor2.dumps(content), headers={"Content-Type": "application/cbor"}
    )

    assert [each["outcome"] for each in answer.json()["outcomes"]] == ["REJECTED", "ACCEPTED"]
