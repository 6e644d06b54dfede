"""Each thing that is refused: a clear problem, and nothing changed."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlmodel import Session

from services.enrolment_api.handlers import all_handlers
from services.enrolment_api.link.state import link_state
from services.enrolment_api.offices.repository import get_office
from services.enrolment_api.recording.intake import MOST_BYTES
from services.enrolment_api.runtime import EnrolmentRuntime
from shared.contracts.enrolment import LinkState
from shared.contracts.offices import Office
from shared.contracts.queue import OfficeConfigured
from shared.testing.waiting import eventually
from tests.integration.enrolment_api.desk import (
    JEPARA,
    NGARGOYOSO,
    NIK,
    Desk,
    digest_of,
    event,
    problem,
    start_body,
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

UNKNOWN = "0198f6f0-0000-7000-8000-00000000dead"


def pointers(body: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in body["errors"]]


@pytest.mark.parametrize(
    "nik",
    ["", "331307450698000", "33130745069800011", "33130745069800O1", "0013074506980001", "3313073113980001",
     "3313077206980001", "3313070006980001", "３３１３０７４５０６９８０００１"],
)  # fmt: skip
async def test_an_impossible_nik(desk: Desk, nik: str) -> None:
    answer = await desk.post("/v1/enrolments", start_body(nik=nik))
    body = problem(answer, 422, "invalid-input")
    assert pointers(body) == ["/body/nik"]
    assert not nik or nik not in answer.text


async def test_a_nik_that_does_not_fit_the_biodata_only_warns(desk: Desk) -> None:
    other = start_body(nik="3399070506970001", biodata={"sex": "FEMALE"})
    answer = await desk.post("/v1/enrolments", other)
    assert answer.status_code == 201
    assert [warning["code"] for warning in answer.json()["warnings"]] == [
        "nik-birth-date-differs", "nik-sex-differs", "nik-region-unknown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "  "), ("name", "Fitri\u0000yani"), ("name", "x" * 101), ("birth_date", "1998-02-30"), ("sex", "F"),
     ("marital_status", "ENGAGED"), ("address", ""), ("kk_number", "12"), ("village_code", "33.13.07"),
     ("blood_type", "C"), ("phone", "call me"), ("shoe_size", "38")],
)  # fmt: skip
async def test_wrong_biodata(desk: Desk, field: str, value: str) -> None:
    body = problem(
        await desk.post("/v1/enrolments", start_body(biodata={field: value})), 422, "invalid-input"
    )
    assert pointers(body) == [f"/body/biodata/{field}"]


async def test_missing_biodata_names_the_field(desk: Desk) -> None:
    draft = start_body()
    draft["biodata"] = {key: value for key, value in draft["biodata"].items() if key != "occupation"}
    body = problem(await desk.post("/v1/enrolments", draft), 422, "invalid-input")
    assert pointers(body) == ["/body/biodata/occupation"]


async def test_recording_is_allowed_from_sixteen_in_the_offices_own_day(
    desk: Desk, runtime: EnrolmentRuntime
) -> None:
    born = {"birth_date": "2000-09-17"}
    runtime.clock.set(datetime(2016, 9, 16, 16, 59, tzinfo=UTC))
    problem(await desk.post("/v1/enrolments", start_body(biodata=born)), 422, "too-young")
    runtime.clock.set(datetime(2016, 9, 16, 17, 1, tzinfo=UTC))  # past midnight at Ngargoyoso
    assert (await desk.post("/v1/enrolments", start_body(biodata=born))).status_code == 201


@pytest.mark.parametrize("born", [date(2999, 1, 1), date(1850, 1, 1)])
async def test_nobody_is_born_then(desk: Desk, born: date) -> None:
    answer = await desk.post("/v1/enrolments", start_body(biodata={"birth_date": born.isoformat()}))
    assert pointers(problem(answer, 422, "invalid-input")) == ["/body/biodata/birth_date"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"office": "33.99.99"}, 404), ({"office": JEPARA}, 404), ({"office": "Ngargoyoso"}, 422),
     ({"kind": "SECOND_TIME"}, 422), ({"ticket_id": "26"}, 422), ({"supersedes": UNKNOWN}, 422),
     ({"kind": "RE_ENROLMENT", "supersedes": UNKNOWN}, 422), ({"surprise": 1}, 422)],
)  # fmt: skip
async def test_a_draft_that_cannot_be(desk: Desk, changes: dict[str, Any], status: int) -> None:
    problem(
        await desk.post("/v1/enrolments", start_body(**changes)),
        status,
        {404: "not-found", 422: "invalid-input"}[status],
    )


async def test_an_office_of_the_token_that_nobody_configured(desk: Desk) -> None:
    far = desk.other(offices=("91.01",))
    problem(await far.post("/v1/enrolments", start_body(office="91.01")), 404, "not-found")


async def test_captures_that_are_not_what_they_say(desk: Desk) -> None:
    record_id = await desk.start()
    wrong = await desk.capture(record_id, "photo", b"one", **{"Content-Digest": digest_of(b"other")})
    problem(wrong, 422, "wrong-digest")
    for header in ("", "sha-512=:YQ==:", "sha-256=YQ==", "sha-256=:YQ==:", "sha-256=:!!!:"):
        refused = await desk.capture(record_id, "photo", b"one", **{"Content-Digest": header})
        assert pointers(problem(refused, 422, "invalid-input")) == ["/header/Content-Digest"]
    empty = await desk.http.put(
        f"/v1/enrolments/{record_id}/captures/photo",
        headers={"Authorization": f"Bearer {desk.token}", "Content-Digest": digest_of(b"")},
    )
    assert pointers(problem(empty, 422, "invalid-input")) == ["/body"]
    problem(
        await desk.capture(record_id, "photo", b"{}", **{"Content-Type": "application/json"}),
        415,
        "unsupported-media-type",
    )
    assert (await desk.get(f"/v1/enrolments/{record_id}")).json()["captures"] == []


async def test_other_algorithms_may_stand_beside_sha_256(desk: Desk) -> None:
    record_id = await desk.start()
    both = f"unixsum=:YQ==:, {digest_of(b'one')};note=1"
    assert (await desk.capture(record_id, "photo", b"one", **{"Content-Digest": both})).status_code == 200
    again = await desk.capture(record_id, "photo", b"two", **{"Content-Type": "image/jpeg"})
    assert again.status_code == 200


async def test_an_unknown_modality_is_told_the_known_ones(desk: Desk) -> None:
    body = problem(await desk.capture(await desk.start(), "toe-l1"), 422, "invalid-input")
    assert "iris-left" in body["errors"][0]["detail"]


async def test_an_oversize_capture_is_not_read_to_its_end(desk: Desk) -> None:
    record_id = await desk.start()
    announced = await desk.capture(record_id, "photo", b"x" * (MOST_BYTES + 1))
    assert problem(announced, 413, "too-large")["most_bytes"] == MOST_BYTES
    taken = 0

    async def endless() -> Any:
        nonlocal taken
        while True:
            taken += 65_536
            assert taken < 2 * MOST_BYTES, "it goes on reading"
            yield b"x" * 65_536

    streamed = await desk.http.put(
        f"/v1/enrolments/{record_id}/captures/photo",
        content=endless(),
        headers={"Authorization": f"Bearer {desk.token}", "Content-Digest": digest_of(b"x")},
    )
    problem(streamed, 413, "too-large")
    largest = await desk.capture(record_id, "photo", b"x" * MOST_BYTES)
    assert largest.json()["size"] == MOST_BYTES


@pytest.mark.parametrize("quality", ["-1", "101", "good"])
async def test_a_quality_that_no_device_gives(desk: Desk, quality: str) -> None:
    path = f"/v1/enrolments/{await desk.start()}/captures/photo"
    answer = await desk.http.put(
        path, params={"quality": quality}, headers={"Authorization": f"Bearer {desk.token}"}
    )
    assert pointers(problem(answer, 422, "invalid-input")) == ["/query/quality"]


async def test_nothing_is_captured_before_the_photo_is_approved(desk: Desk) -> None:
    record_id = await desk.start()
    excused = {"modality": "finger-l1", "reason": "bandaged", "approved_by": "harun"}
    body = problem(await desk.capture(record_id, "signature"), 409, "photo-not-approved")
    assert (body["state"], body["allowed_actions"]) == ("DRAFT", ["capture-photo"])
    problem(await desk.approve(record_id), 409, "photo-not-approved")
    await desk.capture(record_id, "photo")
    body = problem(await desk.capture(record_id, "signature"), 409, "photo-not-approved")
    assert body["allowed_actions"] == ["capture-photo", "photo-approval"]
    problem(await desk.post(f"/v1/enrolments/{record_id}/exceptions", excused), 409, "photo-not-approved")
    no = await desk.post(f"/v1/enrolments/{record_id}/photo-approval", {"approved": False})
    assert no.json()["photo_approved_at"] is None


async def test_an_exception_needs_another_officer_and_something_missing(desk: Desk) -> None:
    record_id = await desk.photographed()
    path = f"/v1/enrolments/{record_id}/exceptions"
    good = {"modality": "finger-l1", "reason": "bandaged", "approved_by": "harun"}
    own = problem(await desk.post(path, good | {"approved_by": desk.subject}), 422, "invalid-input")
    assert pointers(own) == ["/body/approved_by"]
    photo = problem(await desk.post(path, good | {"modality": "photo"}), 422, "invalid-input")
    assert pointers(photo) == ["/body/modality"]
    for missing in good:
        body = {key: value for key, value in good.items() if key != missing}
        assert pointers(problem(await desk.post(path, body), 422, "invalid-input")) == [f"/body/{missing}"]
    await desk.capture(record_id, "finger-l1")
    problem(await desk.post(path, good), 409, "already-captured")


async def test_completing_with_a_finger_missing_names_it(desk: Desk) -> None:
    record_id = await desk.captured(without=("finger-l2", "iris-left"))
    body = problem(await desk.complete(record_id), 409, "incomplete")
    assert body["missing"] == ["finger-l2", "iris-left"]
    assert (await desk.get(f"/v1/enrolments/{record_id}")).json()["status"] == "DRAFT"


async def test_nothing_changes_after_completion(desk: Desk) -> None:
    record_id = (await desk.recorded())["id"]
    for answer in (
        await desk.capture(record_id, "photo"),
        await desk.approve(record_id),
        await desk.post(
            f"/v1/enrolments/{record_id}/exceptions",
            {"modality": "iris-left", "reason": "bandaged", "approved_by": "harun"},
        ),
        await desk.complete(record_id),
    ):
        body = problem(answer, 409, "illegal-action")
        assert (body["state"], body["allowed_actions"]) == ("BIO_CAPTURED", [])


async def test_the_same_key_with_another_body(desk: Desk) -> None:
    assert (await desk.post("/v1/enrolments", start_body(), key="k")).status_code == 201
    other = await desk.post("/v1/enrolments", start_body(kind="REPLACEMENT_LOST"), key="k")
    problem(other, 422, "idempotency-key-reused")


async def test_the_same_key_at_the_same_moment(desk: Desk) -> None:
    record_id = await desk.captured()
    answers = await asyncio.gather(*(desk.complete(record_id, key="k") for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 1


@pytest.mark.parametrize("record_id", [UNKNOWN, "26", "%00", "..%2F..%2Fetc"])
async def test_unknown_ids(desk: Desk, record_id: str) -> None:
    answer = await desk.get(f"/v1/enrolments/{record_id}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await desk.complete(record_id)).status_code == 404


async def test_unknown_receipts(desk: Desk) -> None:
    problem(await desk.http.get("/v1/receipts/7KQM-2XVR-9TCA"), 404, "not-found")


async def test_who_may_not(desk: Desk) -> None:
    nobody = await desk.http.get("/v1/enrolments")
    problem(nobody, 401, "not-signed-in")
    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    problem(await desk.other(lifetime=-1).get("/v1/enrolments"), 401, "not-signed-in")
    forged = desk.other()
    forged.token = forged.token[:-4] + "AAAA"
    problem(await forged.get("/v1/enrolments"), 401, "not-signed-in")
    for role in ("kiosk", "display", "ops"):
        problem(await desk.other(roles=(role,)).post("/v1/enrolments", start_body()), 403, "not-permitted")


@pytest.mark.parametrize(
    "query", [{"nik": "33"}, {"office": "x"}, {"status": "LOST"}, {"delivery": "x"}, {"date": "today"},
              {"limit": 0}, {"limit": 201}, {"cursor": "%%%"}]
)  # fmt: skip
async def test_filters_that_cannot_be(desk: Desk, query: dict[str, Any]) -> None:
    problem(await desk.get("/v1/enrolments", **query), 422, "invalid-input")


async def test_a_nik_in_the_query_shows_up_nowhere(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    jepara = desk.other(offices=(JEPARA,))
    refused = await jepara.get("/v1/enrolments", nik=NIK, office="33.13.07")
    assert NIK not in refused.text
    assert (await desk.get("/v1/enrolments", nik=NIK)).status_code == 200
    assert NIK not in (await desk.http.get("/metrics")).text
    assert NIK not in "".join(capsys.readouterr())


async def test_an_office_that_must_not_record_offline_waits_for_the_centre(
    desk: Desk, runtime: EnrolmentRuntime
) -> None:
    record_id = await desk.captured()
    await _set_policy(runtime, record_offline=False)
    # nobody listens where the centre should be, and the link finds out by itself
    await eventually(lambda: runtime.database.read(link_state_is_out), saying="the link is out")
    answer = await desk.complete(record_id, key="first try")
    assert problem(answer, 503, "central-link-required")["link_state"] in {"DEGRADED", "OFFLINE", "PROBING"}
    assert int(answer.headers["Retry-After"]) > 0
    problem(await desk.post("/v1/enrolments", start_body()), 503, "central-link-required")
    await _set_policy(runtime, record_offline=True)
    assert (await desk.complete(record_id, key="first try")).status_code == 200


def link_state_is_out(session: Session) -> bool:
    return link_state(session) is not LinkState.ONLINE


async def _set_policy(runtime: EnrolmentRuntime, *, record_offline: bool) -> None:
    """As queue_api tells of a changed configuration."""

    def change(session: Session) -> None:
        known = Office.model_validate_json(get_office(session, NGARGOYOSO).configuration)
        policies = known.policies.model_copy(update={"record_offline": record_offline})
        changed = OfficeConfigured(office=known.model_copy(update={"policies": policies}))
        all_handlers().apply(session, event(f"office:{NGARGOYOSO}", changed))

    await runtime.database.write(change)
