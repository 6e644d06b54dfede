"""The console's rules: set, refused, asked, ended, remembered, recorded and played again."""

import asyncio
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

import pytest

from services.central_mock.faults.specs import Kind
from shared.ids import new_id
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre, running
from tests.integration.central_mock.faults.test_captures import set_rule
from tests.integration.central_mock.office import Prepared

RESET: dict[str, Any] = {"kind": "RESET"}
ERROR: dict[str, Any] = {"kind": "STATUS", "status": 500}


@pytest.mark.asyncio(loop_scope="module")
class TestOnOneCentre:
    async def test_a_rule_comes_with_a_name_a_life_and_counts(self, shared: RunningCentre) -> None:
        rule = await set_rule(shared, fault=RESET, reason="as in 2016", **{"for": "PT10M"})
        assert (rule["name"], rule["set_by"], rule["reason"]) == ("reset-1", "ops", "as in 2016")
        assert 590 < rule["seconds_left"] <= 600
        assert (await set_rule(shared, fault=RESET, match={"keys": ["k"]}, priority=1))["name"] == "reset-2"
        listed = (await shared.control.get("/control/v1/faults")).json()
        assert [each["name"] for each in listed["items"]] == ["reset-2", "reset-1"]
        state = (await shared.control.get("/control/v1/state")).json()
        assert [each["name"] for each in state["rules"]] == ["reset-2", "reset-1"]
        assert state["online"]

    async def test_what_never_acts_is_refused_and_what_is_shadowed_says_so(
        self, shared: RunningCentre
    ) -> None:
        await set_rule(shared, name="all", fault={"kind": "HTTP_503"})
        answer = await shared.control.post("/control/v1/faults", json={"name": "none", "fault": ERROR})
        assert answer.status_code == 409
        assert (answer.json()["type"], answer.json()["other"]) == ("urn:ektp:problem:rule-covered", "all")
        later = await set_rule(shared, name="later", fault={"kind": "EMPTY_BODY"})
        assert later["shadowed_by"] == "all"

    async def test_a_name_is_taken_until_it_is_put_in_place_of(self, shared: RunningCentre) -> None:
        await set_rule(shared, name="mine", fault=RESET)
        answer = await shared.control.post("/control/v1/faults", json={"name": "mine", "fault": ERROR})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:ektp:problem:rule-name-taken")
        put = await shared.control.put("/control/v1/faults/mine", json={"fault": ERROR})
        assert put.json()["fault"]["kind"] == "STATUS"
        wrong = await shared.control.put("/control/v1/faults/mine", json={"name": "other", "fault": ERROR})
        assert wrong.status_code == 422

    @pytest.mark.parametrize(
        ("order", "pointer"),
        [
            ({"fault": {"kind": "HANG"}, "match": {"offices": ["33.13.07"]}}, "/match/offices"),
            ({"fault": RESET, "often": 2}, "/body/often"),
            ({"fault": RESET | {"often": 2}}, "/body/fault/RESET/often"),
            ({"fault": RESET, "for": "P8D"}, "/body/for"),
            ({"fault": RESET, "shape": {"probability": 2}}, "/body/shape/probability"),
        ],
    )
    async def test_bad_rules_are_refused_naming_the_field(
        self, shared: RunningCentre, order: dict[str, Any], pointer: str
    ) -> None:
        answer = await shared.control.post("/control/v1/faults", json=order)
        assert answer.status_code == 422
        assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
        assert (await shared.control.get("/control/v1/faults")).json()["items"] == []

    async def test_unknown_rules_are_404_and_clearing_is_safe_to_repeat(self, shared: RunningCentre) -> None:
        for method in ("GET", "DELETE"):
            answer = await shared.control.request(method, "/control/v1/faults/nobody")
            assert answer.status_code == 404
        await set_rule(shared, fault={"kind": "REFUSE"})
        for _ in range(2):
            answer = await shared.control.delete("/control/v1/faults")
            assert (answer.status_code, answer.json()["items"]) == (200, [])
        assert (await shared.api.get("/central/v1/health")).status_code == 200

    async def test_every_answer_says_what_is_on_but_those_that_are_broken(
        self, shared: RunningCentre
    ) -> None:
        await set_rule(shared, name="some", fault=RESET, match={"keys": ["nobody"]})
        await set_rule(shared, name="residents", fault=ERROR, match={"endpoints": ["residents.list"]})
        console = await shared.control.get("/control/v1/nothing")
        assert console.headers["X-Central-Mock-Faults"] == "some, residents"
        assert console.headers["X-Central-Fault"] == "RESET, STATUS"
        well = await shared.api.get("/central/v1/health")
        assert well.headers["X-Central-Mock-Faults"] == "some, residents"
        broken = await shared.api.get("/central/v1/residents", params={"office": "33.13.07"})
        assert broken.status_code == 500
        assert "X-Central-Mock-Faults" not in broken.headers

    async def test_the_catalogue_has_every_fault_with_a_schema_of_its_settings(
        self, shared: RunningCentre
    ) -> None:
        kinds = (await shared.control.get("/control/v1/faults/kinds")).json()
        assert [each["kind"] for each in kinds] == [kind.value for kind in Kind]
        for each in kinds:
            assert each["settings"]["additionalProperties"] is False
            assert each["about"]
            assert each["acts_at"]

    async def test_who_did_what_and_why_is_kept(self, shared: RunningCentre) -> None:
        await set_rule(shared, name="audited", fault=ERROR, reason="a drill")
        assert (await shared.api.get("/central/v1/keys")).status_code == 500
        await shared.control.delete("/control/v1/faults/audited")
        page = (await shared.control.get("/control/v1/audit", params={"limit": 1000})).json()
        ours = [each for each in page["items"] if each["name"] == "audited"]
        assert [(each["action"], each["by"], each["reason"]) for each in ours] == [
            ("SET", "ops", "a drill"),
            ("REMOVED", "ops", "taken off"),
        ]
        assert ours[0]["detail"]["fault"]["status"] == 500
        assert ours[1]["detail"] == {"matched": 1, "fired": 1}
        first = (await shared.control.get("/control/v1/audit", params={"limit": 1})).json()
        rest = (await shared.control.get("/control/v1/audit", params={"cursor": first["next_cursor"]})).json()
        assert rest["items"][0]["id"] > first["items"][0]["id"]

    async def test_a_drip_that_ends_in_the_middle_lets_the_answer_arrive_whole(
        self, shared: RunningCentre
    ) -> None:
        await set_rule(shared, name="drip", fault={"kind": "DRIP", "bytes_per_second": 5})
        wire = await shared.connect()
        await wire.send(b"GET /central/v1/keys HTTP/1.1\r\nHost: centre\r\n\r\n")
        answer = asyncio.create_task(wire.answer())
        await eventually(lambda: any(each.wire.bytes_out for each in shared.runtime.front.connections))
        await shared.control.delete("/control/v1/faults/drip")
        _, _, body = (await asyncio.wait_for(answer, 5)).partition(b"\r\n\r\n")
        assert json.loads(body) == (await shared.api.get("/central/v1/keys")).json()

    async def test_a_black_hole_resets_who_still_waits_when_it_ends(self, shared: RunningCentre) -> None:
        await set_rule(shared, name="hole", fault={"kind": "BLACK_HOLE"}, match={"endpoints": ["keys.get"]})
        wire, other = await shared.connect(), await shared.connect()
        await wire.send(b"GET /central/v1/keys HTTP/1.1\r\nHost: centre\r\n\r\n")
        await other.send(b"GET /central/v1/health HTTP/1.1\r\nHost: centre\r\n\r\n")
        assert (await other.answer()).startswith(b"HTTP/1.1 200")
        assert await wire.says_nothing(0.3)
        await shared.control.delete("/control/v1/faults/hole")
        with pytest.raises(ConnectionResetError):
            await wire.rest()

    async def test_who_gives_up_during_a_delay_is_served_all_the_same(self, shared: RunningCentre) -> None:
        await set_rule(shared, name="slow", fault={"kind": "LATENCY", "seconds": 3600})
        record = shared.office.prepare()
        wire = await shared.connect()
        await wire.send(record.raw_request())
        await eventually(lambda: fired(shared, "slow"))
        wire.close()
        await shared.control.delete("/control/v1/faults/slow")  # which ends the delay
        await eventually(lambda: is_held(shared, record))

    async def test_the_same_seed_and_rules_meet_the_same_requests(self, shared: RunningCentre) -> None:
        await shared.control.put("/control/v1/seed", json={"seed": 20160916})
        await set_rule(shared, name="some", fault=ERROR, shape={"probability": 0.4})
        records = [shared.office.prepare() for _ in range(24)]
        met = await meetings(shared, records)
        assert 0 < sum(met) < 24

        exported = (await shared.control.get("/control/v1/recording")).text
        lines = [json.loads(line) for line in exported.splitlines()]
        assert lines[0]["seed"] == 20160916
        ours = [each for each in lines if each.get("rule") == "some" and each["type"] == "fired"]
        assert {each["key"] for each in ours} == {  # sent all at once, they fire in any order
            record.key for record, hit in zip(records, met, strict=True) if hit
        }
        assert len(ours) == sum(met)
        for how in ("DRAW", "EXACT"):
            replayed = await shared.control.post(f"/control/v1/replay?how={how}", content=exported)
            assert replayed.status_code == 200, replayed.text
            assert await meetings(shared, records[::-1]) == met[::-1], how
        other = await shared.control.put("/control/v1/seed", json={"seed": 7})
        assert other.json() == {"seed": 7}

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "QUOTA", "requests": 5, "window_seconds": 3600},
            {"kind": "SLOW_START", "from_rate": 0.01, "to_rate": 0.02},
        ],
    )
    async def test_what_goes_by_arrival_and_clock_is_repeated_by_key_and_attempt(
        self, shared: RunningCentre, fault: dict[str, Any]
    ) -> None:
        await set_rule(shared, name="counts", fault=fault, match={"endpoints": ["records.get"]})
        keys = [str(new_id()) for _ in range(8)] * 2  # each key twice: which attempt was refused counts too
        met = [await look_up(shared, each) for each in keys]
        assert len({status for status, _ in met}) == 2

        exported = (await shared.control.get("/control/v1/recording")).text
        replayed = await shared.control.post("/control/v1/replay?how=EXACT", content=exported)
        assert replayed.status_code == 200, replayed.text
        # The last keys come first this time: by arrival others would be refused.
        order = sorted(range(16), key=lambda place: (place // 8, -place))
        again = {place: await look_up(shared, keys[place]) for place in order}
        assert [again[place] for place in range(16)] == met
        second = (await shared.control.get("/control/v1/recording")).text
        assert refusals(second, keys) == refusals(exported, keys)  # a replay can be replayed

    @pytest.mark.parametrize(
        "text", ["", "{}", "no json", '{"type": "recording"}', '{"type":"rule","rule":"a"}']
    )
    async def test_what_is_no_recording_is_refused(self, shared: RunningCentre, text: str) -> None:
        answer = await shared.control.post("/control/v1/replay", content=text)
        assert answer.status_code == 422
        assert answer.json()["errors"]


async def meetings(centre: RunningCentre, records: list[Prepared]) -> list[bool]:
    """Which of them meet the error; all at once, so that their order can't matter."""
    answers = await asyncio.gather(*(centre.office.post(each) for each in records))
    return [each.status_code == 500 for each in answers]


async def look_up(centre: RunningCentre, key: str) -> tuple[int, str | None]:
    """The status, and when to come again."""
    answer = await centre.api.get(f"/central/v1/records/{key}")
    return answer.status_code, answer.headers.get("Retry-After")


def refusals(recording: str, keys: Collection[str]) -> set[tuple[Any, ...]]:
    """What was done to these keys, and told."""
    lines = [json.loads(line) for line in recording.splitlines()]
    done = [each for each in lines if each["type"] == "fired" and each["key"] in keys]
    return {(each["key"], each["attempt"], each.get("seconds")) for each in done}


async def fired(centre: RunningCentre, name: str) -> int:
    answer = await centre.control.get(f"/control/v1/faults/{name}")
    return cast(int, answer.json()["fired"])


async def is_held(centre: RunningCentre, record: Prepared) -> bool:
    return (await centre.api.get(f"/central/v1/records/{record.key}")).status_code == 200


async def test_rules_with_life_left_come_back_after_a_restart_and_the_state_says_which(
    keys: Path, sqlite_url: str, tmp_path: Path
) -> None:
    async for before in running(keys, sqlite_url, tmp_path):
        await set_rule(before, name="kept", fault=ERROR, match={"offices": ["33.13.*"]}, shape={"first": 2})
        await set_rule(before, name="gone", fault=RESET, match={"keys": ["k"]})
        await before.control.delete("/control/v1/faults/gone")
        await before.control.put("/control/v1/seed", json={"seed": 42})
    async for after in running(keys, sqlite_url, tmp_path):
        state = (await after.control.get("/control/v1/state")).json()
        assert state["restored"].startswith("kept (STATUS) for another 3")
        assert state["seed"] == 42
        (rule,) = state["rules"]
        assert (rule["match"]["offices"], rule["shape"]["first"]) == (["33.13.*"], 2)
        assert (await after.office.post(after.office.prepare())).status_code == 500
        assert rule["set_by"] == "ops"


async def test_each_rule_ends_by_itself_by_the_centres_clock(centre: RunningCentre) -> None:
    clock = {"start": "2016-09-16T11:30:00+07:00", "speed": 3600}
    assert (await centre.control.put("/control/v1/clock", json=clock)).status_code == 200
    await set_rule(centre, name="short", fault=RESET, match={"keys": ["k"]}, **{"for": "PT15M"})
    await set_rule(centre, name="long", fault=ERROR, **{"for": "P1D"})
    await eventually(lambda: [each.name for each in centre.runtime.rules.rules()] == ["long"])
    audit = (await centre.control.get("/control/v1/audit")).json()["items"]
    assert [(each["action"], each["name"]) for each in audit][-1] == ("EXPIRED", "short")
