"""A recording from the draft to the receipt, as the office's client sees it, on both databases."""

import asyncio
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from services.enrolment_api.recording.domain import ALL_MODALITIES
from services.enrolment_api.recording.packet import load_packet
from services.enrolment_api.runtime import EnrolmentRuntime
from shared.contracts.envelope import Event
from shared.packets import Opener, unpack
from shared.tables import outbox
from tests.integration.enrolment_api.desk import KARANGANYAR, NGARGOYOSO, Desk, problem, start_body

FRIDAY = datetime(2016, 9, 16, 1, 30, tzinfo=UTC)  # 08:30 at Ngargoyoso


async def events_of(runtime: EnrolmentRuntime, subject: str) -> list[Event]:
    """What was written to the outbox about it."""
    wanted = sa.select(outbox.c.body).where(outbox.c.subject == subject).order_by(outbox.c.id)
    rows = await runtime.database.read(lambda session: session.connection().execute(wanted).all())
    return [Event.decode(bytes(row.body)) for row in rows]


async def test_a_recording_ends_in_a_receipt(desk: Desk, runtime: EnrolmentRuntime) -> None:
    runtime.clock.set(FRIDAY)
    record_id = await desk.captured(ticket_id="0198f6f0-0000-7000-8000-000000000024")
    answer = await desk.complete(record_id)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["status"] == "BIO_CAPTURED"
    assert body["receipt"]["number"] == "33.13.07-20160916-0001"
    receipt = (await desk.http.get(f"/v1/receipts/{body['receipt']['code']}")).json()
    assert receipt["name"] == "F*** W***"
    assert receipt["recorded_at"].startswith("2016-09-16T08:30")
    assert "Recorded here, not yet at the centre." in receipt["sentences"]


async def test_both_events_are_in_the_outbox_without_a_name(desk: Desk, runtime: EnrolmentRuntime) -> None:
    record_id = (await desk.recorded())["id"]
    events = await events_of(runtime, record_id)
    assert [event.type for event in events] == ["enrolment.record.started.v1", "enrolment.record.captured.v1"]
    assert [event.sequence for event in events] == [1, 2]
    assert events[1].data["link_state"] in {"ONLINE", "DEGRADED", "OFFLINE"}
    told = b"".join(event.encode() for event in events)
    assert b"Fitriyani" not in told
    assert b"3313074506980001" not in told


async def test_the_packet_holds_every_part_and_only_the_centre_opens_it(
    desk: Desk, runtime: EnrolmentRuntime
) -> None:
    record_id = await desk.captured(without=("finger-l1",))
    excused = {"modality": "finger-l1", "reason": "lost in an accident", "approved_by": "harun"}
    assert (await desk.post(f"/v1/enrolments/{record_id}/exceptions", excused)).status_code == 201
    assert (await desk.complete(record_id)).status_code == 200
    packet = await runtime.database.read(lambda session: load_packet(session, record_id))
    shown = (await desk.get(f"/v1/enrolments/{record_id}")).json()
    assert shown["packet_sha256"] == hashlib.sha256(packet).hexdigest()
    assert shown["packet_bytes"] == len(packet)
    key, parts = unpack(packet)
    assert key == record_id
    assert set(parts) == {"biodata", *ALL_MODALITIES} - {"finger-l1"}
    opener = Opener.from_directory(desk.keys)
    assert opener.open(record_id, "photo", parts["photo"]) == f"photo of {record_id}".encode()
    biodata = opener.open(record_id, "biodata", parts["biodata"]).decode()
    assert "3313074506980001" in biodata
    assert "lost in an accident" in biodata
    assert b"Fitriyani" not in packet


async def test_receipts_are_numbered_without_gaps_when_many_complete_at_once(desk: Desk) -> None:
    drafts = [await desk.captured() for _ in range(6)]
    answers = await asyncio.gather(*(desk.complete(record_id) for record_id in drafts))
    numbers = sorted(int(answer.json()["receipt"]["number"][-4:]) for answer in answers)
    assert numbers == [1, 2, 3, 4, 5, 6]


async def test_one_draft_completed_by_many_at_once_is_completed_once(desk: Desk) -> None:
    record_id = await desk.captured()
    answers = await asyncio.gather(*(desk.complete(record_id) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]


async def test_the_same_key_gives_the_first_receipt_again_and_another_key_is_refused(desk: Desk) -> None:
    record_id = await desk.captured()
    first = await desk.complete(record_id, key="k-1")
    again = await desk.complete(record_id, key="k-1")
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    body = problem(await desk.complete(record_id, key="k-2"), 409, "illegal-action")
    assert body["state"] == "BIO_CAPTURED"
    assert body["allowed_actions"] == []


async def test_a_new_photo_withdraws_the_approval(desk: Desk) -> None:
    record_id = await desk.captured()
    assert (await desk.capture(record_id, "photo", b"a better photo")).status_code == 200
    body = problem(await desk.complete(record_id), 409, "photo-not-approved")
    assert body["allowed_actions"] == ["capture-photo", "photo-approval"]
    await desk.approve(record_id)
    assert (await desk.complete(record_id)).status_code == 200


async def test_a_finger_that_can_be_captured_after_all_is_no_exception(desk: Desk) -> None:
    record_id = await desk.captured(without=("finger-r3",))
    excused = {"modality": "finger-r3", "reason": "bandaged", "approved_by": "harun"}
    await desk.post(f"/v1/enrolments/{record_id}/exceptions", excused)
    assert (await desk.capture(record_id, "finger-r3")).status_code == 200
    shown = (await desk.get(f"/v1/enrolments/{record_id}")).json()
    assert shown["exceptions"] == []
    assert shown["missing"] == []
    assert [hop["event"] for hop in shown["timeline"]] == [
        "started", "photo-approved", "excepted", "exception-withdrawn",
    ]  # fmt: skip


async def test_the_view_shows_the_record_with_its_timeline(desk: Desk) -> None:
    recorded = await desk.recorded()
    shown = (await desk.get(f"/v1/enrolments/{recorded['id']}")).json()
    assert shown["nik"] == "3313074506980001"
    assert shown["biodata"]["name"] == "Fitriyani Wulandari"
    assert shown["delivery"] in {"PENDING", "IN_FLIGHT", "OUTCOME_UNKNOWN"}
    assert shown["receipt"] == recorded["receipt"]
    assert [(hop["event"], hop["by"]) for hop in shown["timeline"]] == [
        ("started", "suparyanti"), ("photo-approved", "suparyanti"), ("captured", "suparyanti"),
    ]  # fmt: skip
    assert len(shown["captures"]) == len(ALL_MODALITIES)


async def test_the_list_is_filtered_paged_and_masked(desk: Desk) -> None:
    ids = [(await desk.recorded())["id"] for _ in range(3)] + [await desk.start(nik="3313070506980002")]
    first = (await desk.get("/v1/enrolments", limit=2)).json()
    rest = (await desk.get("/v1/enrolments", limit=2, cursor=first["next_cursor"])).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids
    assert rest["next_cursor"] is None
    assert first["items"][0]["nik"] == "331307******0001"
    assert first["items"][0]["name"] == "F*** W***"

    async def found(**filters: Any) -> list[str]:
        return [item["id"] for item in (await desk.get("/v1/enrolments", **filters)).json()["items"]]

    assert await found(status="DRAFT") == ids[3:]
    assert await found(nik="3313070506980002") == ids[3:]
    assert await found(office=NGARGOYOSO, status="BIO_CAPTURED") == ids[:3]
    assert await found(delivery="ACKNOWLEDGED") == []
    assert await found(date="2001-01-01") == []


async def test_a_kabupatens_registry_sees_its_kecamatan_and_others_see_nothing(desk: Desk) -> None:
    record_id = await desk.start()
    registry = desk.other(roles=("disdukcapil",), offices=(KARANGANYAR,))
    jepara = desk.other(offices=("33.20",))
    assert (await registry.get(f"/v1/enrolments/{record_id}")).status_code == 200
    assert [item["id"] for item in (await registry.get("/v1/enrolments")).json()["items"]] == [record_id]
    problem(await jepara.get(f"/v1/enrolments/{record_id}"), 404, "not-found")
    problem(await jepara.capture(record_id, "photo"), 404, "not-found")
    problem(await jepara.complete(record_id), 404, "not-found")
    problem(await jepara.get("/v1/enrolments", office=NGARGOYOSO), 404, "not-found")
    assert (await jepara.get("/v1/enrolments")).json()["items"] == []


async def test_the_day_counts_what_was_recorded_against_the_target(
    desk: Desk, runtime: EnrolmentRuntime
) -> None:
    runtime.clock.set(FRIDAY)
    await desk.recorded()
    await desk.start()
    day = (await desk.get(f"/v1/offices/{NGARGOYOSO}/days/2016-09-16")).json()
    assert (day["recorded"], day["drafts"], day["sent"], day["print_ready"]) == (1, 1, 0, 0)
    assert (day["daily_target"], day["left_to_target"]) == (100, 99)


async def test_a_record_of_the_evening_belongs_to_the_offices_own_day(
    desk: Desk, runtime: EnrolmentRuntime
) -> None:
    runtime.clock.set(datetime(2016, 9, 16, 17, 30, tzinfo=UTC))  # 00:30 of the 17th at Ngargoyoso
    assert (await desk.recorded())["receipt"]["number"] == "33.13.07-20160917-0001"


@pytest.mark.parametrize("kind", ["REPLACEMENT_LOST", "RE_ENROLMENT"])
async def test_only_a_re_enrolment_supersedes(desk: Desk, kind: str) -> None:
    old = (await desk.recorded())["id"]
    answer = await desk.post("/v1/enrolments", start_body(kind=kind, supersedes=old))
    if kind == "RE_ENROLMENT":
        assert answer.status_code == 201
        assert (await desk.get(f"/v1/enrolments/{answer.json()['id']}")).json()["supersedes"] == old
    else:
        problem(answer, 422, "invalid-input")
