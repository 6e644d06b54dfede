"""Offices: shipped ones are loaded once, a supervisor configures, everybody is told."""

import pytest

from services.queue_api.offices.service import capacity_changed, load_missing_offices
from shared.contracts.enrolment import CapacityChanged
from shared.sample import load_offices
from tests.integration.queue_api.front import ELSEWHERE, KABUPATEN, OFFICE, FrontDesk


async def test_the_shipped_offices_are_known_and_told_of(desk: FrontDesk) -> None:
    listed = (await desk.http.get("/v1/offices")).json()["items"]
    assert [office["code"] for office in listed] == ["33.13", "33.13.07", "33.20", "33.20.08"]
    told = await desk.events("queue.office.configured")
    assert sorted(event.subject for event in told) == [f"office:{each['code']}" for each in listed]


async def test_loading_again_never_overwrites(desk: FrontDesk) -> None:
    await desk.put_policy(reinstate_places=7)
    now = desk.runtime.clock.now()
    loaded = await desk.runtime.database.write(
        lambda session: load_missing_offices(session, offices=load_offices(None), now=now)
    )
    known = (await desk.http.get(f"/v1/offices/{OFFICE}")).json()
    assert (loaded, known["policies"]["reinstate_places"]) == ([], 7)


async def test_todays_state_is_readable_before_one_travels(desk: FrontDesk) -> None:
    await desk.post(f"/v1/offices/{OFFICE}/outages", {"hop": "LINK"})
    today = (await desk.http.get(f"/v1/offices/{OFFICE}")).json()["today"]
    assert (today["open_now"], today["outage"]) == (True, "LINK")
    assert today["modes"]["ENROLMENT"] == "OFFLINE_RECORDING"
    desk.set_time("2016-09-17T08:00:00+07:00")
    assert (await desk.http.get(f"/v1/offices/{OFFICE}")).json()["today"]["open_now"] is False


async def test_offices_are_paged(desk: FrontDesk) -> None:
    page = (await desk.http.get("/v1/offices?limit=3")).json()
    rest = (await desk.http.get(f"/v1/offices?cursor={page['next_cursor']}")).json()
    assert [each["code"] for each in rest["items"]] == ["33.20.08"] and rest["next_cursor"] is None
    assert (await desk.http.get("/v1/offices?cursor=%21")).status_code == 422


@pytest.mark.parametrize(
    ("role", "offices", "status"),
    [
        ("supervisor", (OFFICE,), 200),
        ("disdukcapil", (KABUPATEN,), 200),
        ("officer", (OFFICE,), 403),
        ("supervisor", (ELSEWHERE,), 404),
        ("disdukcapil", (ELSEWHERE,), 404),
    ],
)
async def test_who_configures(desk: FrontDesk, role: str, offices: tuple[str, ...], status: int) -> None:
    known = (await desk.http.get(f"/v1/offices/{OFFICE}")).json()
    known.pop("today")
    answer = await desk.http.put(f"/v1/offices/{OFFICE}", json=known, headers=desk.token(role, *offices))
    assert answer.status_code == status


async def test_a_configuration_that_contradicts_itself_is_refused(desk: FrontDesk) -> None:
    known = (await desk.http.get(f"/v1/offices/{OFFICE}")).json()
    known.pop("today")
    wrong = [
        known | {"services": ["ENROLMENT"]},
        known | {"code": ELSEWHERE},
        known | {"time_zone": "Europe/Berlin"},
        known | {"colour": "blue"},
    ]
    for body in wrong:
        answer = await desk.http.put(f"/v1/offices/{OFFICE}", json=body, headers=desk.token("supervisor"))
        assert answer.status_code == 422, body


async def test_an_unknown_office_is_not_found(desk: FrontDesk) -> None:
    for path in ("", "/board", "/stream"):
        assert (await desk.http.get(f"/v1/offices/11.11.11{path}")).status_code == 404


async def test_what_the_office_can_still_print_stands_on_its_board(desk: FrontDesk) -> None:
    today = desk.runtime.clock.now().date()
    told = CapacityChanged(day=today, prints_left=180, blanks_on_hand=22_000, disk_days_left=40.5)
    await desk.receive(capacity_changed, told)
    await desk.receive(capacity_changed, told.model_copy(update={"prints_left": 179}))
    board = (await desk.http.get(f"/v1/offices/{OFFICE}/board")).json()
    assert (board["capacity"]["prints_left"], board["capacity"]["blanks_on_hand"]) == (179, 22_000)
