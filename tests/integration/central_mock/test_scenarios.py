"""Scenarios over the console of a real centre: what ops are told, and what offices then meet on the wire."""

import contextlib
import json
from typing import Any, cast

import pytest

from services.central_mock.faults.rules.schemas import RuleState
from services.central_mock.faults.scenarios.presets import presets
from services.central_mock.faults.scenarios.scenario import Scenario
from services.central_mock.faults.specs import Kind
from shared.security import sign_token
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.office import Prepared
from tests.integration.central_mock.test_imports import as_json

BANGSRI = "33.20.08"
DRILL = {
    "name": "drill",
    "description": "Down and slow",
    "source": "a test",
    "stages": [
        {"name": "calm", "lasts": "PT10M"},
        {
            "name": "erring",
            "lasts": "PT20M",
            "faults": [{"name": "down", "fault": {"kind": "HTTP_503", "retry_after": 7}}],
        },
        {
            "name": "dead",
            "lasts": "PT30M",
            "faults": [{"name": "gone", "fault": {"kind": "REFUSE"}}],
        },
    ],
}


async def ask(
    centre: RunningCentre, verb: str, name: str = "drill", *, expect: int = 200, body: Any = None
) -> Any:
    answer = await centre.control.post(f"/control/v1/scenarios/{name}/{verb}", json=body)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def show(centre: RunningCentre, name: str = "drill") -> dict[str, Any]:
    answer = await centre.control.get(f"/control/v1/scenarios/{name}")
    assert answer.status_code == 200, answer.text
    return cast(dict[str, Any], answer.json())


async def define(centre: RunningCentre, scenario: dict[str, Any], expect: int = 201) -> dict[str, Any]:
    answer = await centre.control.put(f"/control/v1/scenarios/{scenario['name']}", json=scenario)
    assert answer.status_code == expect, answer.text
    return cast(dict[str, Any], answer.json())


def drill(**more: Any) -> dict[str, Any]:
    return {**DRILL, **more}


async def test_ops_define_show_list_and_forget_scenarios(centre: RunningCentre) -> None:
    made = await define(centre, drill())
    assert made["state"] == "IDLE"
    await define(centre, drill(description="again"), expect=200)
    assert (await show(centre))["scenario"]["description"] == "again"

    listed = (await centre.control.get("/control/v1/scenarios")).json()["items"]
    assert {each["name"] for each in listed} == {"drill", *presets()}
    ours = next(each for each in listed if each["name"] == "drill")
    assert (ours["preset"], ours["stages"], ours["seconds"]) == (False, ["calm", "erring", "dead"], 3600.0)

    assert (await centre.control.delete("/control/v1/scenarios/drill")).status_code == 204
    assert (await centre.control.get("/control/v1/scenarios/drill")).status_code == 404
    assert (await centre.control.delete("/control/v1/scenarios/drill")).status_code == 404


async def test_a_preset_stays_as_its_source_has_it(centre: RunningCentre) -> None:
    body = (await show(centre, "flapping"))["scenario"]
    assert "Cendana" in body["source"]
    await define(centre, body, expect=409)
    assert (await centre.control.delete("/control/v1/scenarios/flapping")).status_code == 409
    copy = await define(centre, {**body, "name": "flapping-copy"})
    assert copy["scenario"]["stages"] == body["stages"]


def stage(*faults: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "s", "lasts": "PT1M", "faults": list(faults), **more}


SLOW = {"name": "slow", "fault": {"kind": "LATENCY", "seconds": 1}}


NONSENSE: list[tuple[dict[str, Any], str, str]] = [
    ({"stages": []}, "/body/stages", "at least 1"),
    ({"stages": [stage(lasts="a while")]}, "/body/stages/0/lasts", "timedelta"),
    ({"stages": [stage(lasts="PT0S")]}, "/body/stages/0/lasts", "greater"),
    ({"stages": [stage(lasts="P8D")]}, "/body/stages/0/lasts", "less"),
    ({"stages": [stage(), stage()]}, "/body", "names of their own"),
    ({"stages": [stage(SLOW, SLOW)]}, "/body/stages/0", "names of their own"),
    ({"stages": [stage({**SLOW, "for": "PT1H"})]}, "/body/stages/0/faults/0/for", "not permitted"),
    ({"stages": [stage({"name": "x", "fault": {"kind": "SLEEP"}})]}, "/body/stages/0/faults/0/fault", ""),
    (
        {"stages": [stage({"name": "x", "fault": {"kind": "LATENCY", "seconds": -1}})]},
        "/body/stages/0/faults/0/fault/LATENCY/seconds",
        "greater",
    ),
    (
        {"stages": [stage({"name": "x", "fault": {"kind": "REFUSE"}, "match": {"keys": ["k"]}})]},
        "/body/stages/0/faults/0/match/keys",
        "no request",
    ),
    (
        {
            "stages": [
                stage(
                    {"name": "all", "fault": {"kind": "HTTP_503"}},
                    {"name": "some", "fault": {"kind": "RESET"}, "match": {"offices": [BANGSRI]}},
                )
            ]
        },
        "/body/stages/0/faults/1",
        "'all'",
    ),
    ({"loop": "FOREVER"}, "/body", "needs `for`"),
    ({"loop": 0}, "/body/loop", ""),
    ({"loop": 1000}, "/body", "P7D"),
    ({"for": "P30D"}, "/body/for", "less"),
    ({"speed": 3}, "/body/speed", "not permitted"),
    ({"name": "other"}, "/body/name", "the path says"),
    ({"name": "Drill"}, "/body/name", "pattern"),
    *(
        ({"stages": [stage({**SLOW, "ramps": [ramp]})]}, "/body/stages/0/faults/0", f"ramps/0: {reason}")
        for ramp, reason in (
            ({"parameter": "bytes", "from": 1, "to": 2, "steps": 2}, "LATENCY has no number called 'bytes'"),
            (
                {"parameter": "spread", "from": 1, "to": 2, "steps": 2},
                "LATENCY has no number called 'spread'",
            ),
            ({"parameter": "seconds", "from": 1, "to": -2, "steps": 2}, "-2 is no seconds"),
            ({"parameter": "probability", "from": 0.5, "to": 2, "steps": 2}, "2 is no probability"),
        )
    ),
]


async def test_a_scenario_that_makes_no_sense_is_refused_with_a_pointer(centre: RunningCentre) -> None:
    for change, pointer, reason in NONSENSE:
        answer = await centre.control.put("/control/v1/scenarios/drill", json=drill(**change))
        assert answer.status_code == 422, (change, answer.text)
        told = {each["pointer"]: each["detail"] for each in answer.json()["errors"]}
        found = next((each for each in told if each == pointer or each.startswith(f"{pointer}/")), None)
        assert found is not None, (change, told)
        assert reason in told[found]
    assert (await centre.control.get("/control/v1/scenarios/drill")).status_code == 404


async def test_the_wire_shows_each_stage_as_ops_step_through(any_centre: RunningCentre) -> None:
    centre = any_centre
    await define(centre, drill())
    run = (await ask(centre, "start", body={"reason": "a drill"}))["run"]
    assert (run["state"], run["stage"]["name"], run["next_stage"]) == ("RUNNING", "calm", "erring")
    assert (run["started_by"], run["reason"]) == ("ops", "a drill")
    assert 3590 < run["seconds_left"] <= 3600
    assert (await centre.api.get("/central/v1/health")).status_code == 200

    run = (await ask(centre, "step", body={"stage": "calm"}))["run"]
    assert run["stage"]["rules"] == ["drill.erring.down"]
    answer = await centre.api.get("/central/v1/health")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    await ask(centre, "step", body={"stage": "calm"}, expect=409)

    await ask(centre, "pause", body={"for": "PT3H"})
    run = (await ask(centre, "step"))["run"]
    assert (run["state"], run["stage"]["name"], run["stage"]["seconds_left"]) == ("PAUSED", "dead", None)
    assert run["next_stage"] is None
    with pytest.raises(ConnectionRefusedError):
        await centre.connect()
    state = (await centre.control.get("/control/v1/state")).json()
    assert state["scenario"]["stage"]["name"] == "dead"
    (rule,) = state["rules"]
    assert (rule["name"], rule["set_by"], rule["reason"]) == ("drill.dead.gone", "ops", "a drill")
    assert 12_590 < rule["seconds_left"] <= 12_600  # the stage's half hour and the pause's three

    assert (await ask(centre, "resume"))["run"]["state"] == "RUNNING"
    over = await ask(centre, "step")
    assert (over["state"], over["run"], over["last_run"]["why"]) == (
        "IDLE", None, "stepped over its last stage by ops"
    )  # fmt: skip
    await centre.connect()
    audit = (await centre.control.get("/control/v1/audit", params={"limit": 200})).json()["items"]
    did = [each["action"] for each in audit if each["name"] == "drill"]
    assert did == [
        "SCENARIO_STARTED", "SCENARIO_STEPPED", "SCENARIO_PAUSED", "SCENARIO_STEPPED", "SCENARIO_RESUMED",
        "SCENARIO_ENDED",
    ]  # fmt: skip


async def test_what_is_not_possible_says_what_is(centre: RunningCentre) -> None:
    await define(centre, drill())
    refused = await ask(centre, "pause", expect=409)
    assert (refused["state"], refused["allowed_actions"]) == ("IDLE", ["start", "stop"])
    assert (await ask(centre, "stop"))["state"] == "IDLE"

    await ask(centre, "start", body={"stage": "erring"})
    refused = await ask(centre, "start", "flapping", expect=409)
    assert (refused["running"], refused["state"]) == ("drill", "RUNNING")
    assert "'drill'" in refused["detail"]
    await ask(centre, "start", expect=409)
    await define(centre, drill(), expect=409)
    assert (await centre.control.delete("/control/v1/scenarios/drill")).status_code == 409
    await ask(centre, "start", "nothing", expect=404)
    await ask(centre, "pause", expect=422, body={"for": "P2D"})
    await ask(centre, "start", expect=422, body={"speed": 2})
    stopped = await ask(centre, "stop")
    assert (stopped["state"], stopped["last_run"]["why"]) == ("IDLE", "stopped by ops")
    assert (await centre.api.get("/central/v1/health")).status_code == 200


async def test_it_plays_by_the_centres_clock_to_its_end(centre: RunningCentre) -> None:
    clock = {"start": "2016-09-16T11:30:00+07:00", "speed": 3600}
    assert (await centre.control.put("/control/v1/clock", json=clock)).status_code == 200
    await define(centre, drill())  # an hour, which is a second of ours
    await ask(centre, "start")

    await eventually(lambda: centre.runtime.scenarios.running is None)

    assert (await show(centre))["last_run"]["why"] == "it was played to its end"
    assert centre.runtime.rules.rules() == []
    assert (await centre.api.get("/central/v1/health")).status_code == 200
    told = [(each["event"], each["stage"]) for each in await centre.journal(what="SCENARIO")]
    assert (told[0], told[-1][0]) == (("started", "calm"), "ended")
    # A machine that is held up for a third of a second finds the clock in a later stage and goes there.
    assert [each for each in told if each[0] == "stage"] in (
        [("stage", "erring"), ("stage", "dead")], [("stage", "erring")], [("stage", "dead")]
    )  # fmt: skip


async def test_one_call_clears_scenarios_too(centre: RunningCentre) -> None:
    await define(centre, drill())
    for method, path in (("DELETE", "/control/v1/faults"), ("POST", "/control/v1/reset")):
        await ask(centre, "start", body={"stage": "dead"})
        assert (await centre.control.request(method, path)).status_code == 200
        assert (await show(centre))["state"] == "IDLE"
        assert centre.runtime.rules.rules() == []
        await centre.connect()


async def test_scenarios_are_for_ops_only(centre: RunningCentre) -> None:
    keys = centre.runtime.settings.keys
    officer = sign_token(keys, subject="officer", roles=["officer"], offices=["33.13.07"], lifetime=60)
    for method, path in (("GET", ""), ("GET", "/flapping"), ("POST", "/flapping/start"), ("PUT", "/x")):
        for token, status in ((f"Bearer {officer}", 403), ("", 401)):
            answer = await centre.control.request(
                method, f"/control/v1/scenarios{path}", json=drill(), headers={"Authorization": token}
            )
            assert answer.status_code == status


class Traffic:
    """An office that sends whatever the centre has an endpoint for, and waits for no answer."""

    def __init__(self, centre: RunningCentre) -> None:
        self._centre = centre
        self._serial = 0

    def _record(self) -> Prepared:
        self._serial += 1
        nik = f"33200857089{self._serial // 10_000:01d}{self._serial % 10_000:04d}"
        return self._centre.office.prepare(nik=nik, office=BANGSRI)

    async def send(self) -> None:
        """One of each. Raises ConnectionRefusedError when nobody listens."""
        record = self._record()
        body = as_json([self._record(), self._record()])
        head = f"X-Office: {BANGSRI}\r\nHost: centre\r\n"
        for request in (
            record.raw_request(),
            f"GET /central/v1/records/{record.key} HTTP/1.1\r\n{head}\r\n".encode(),
            f"GET /central/v1/results?office={BANGSRI}&after=0 HTTP/1.1\r\n{head}\r\n".encode(),
            f"POST /central/v1/imports HTTP/1.1\r\n{head}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body,
        ):
            wire = await self._centre.connect()
            with contextlib.suppress(ConnectionError):  # it may be cut while it is being written
                await wire.send(request)


def fired(centre: RunningCentre, scenario: Scenario) -> list[RuleState]:
    return [
        each for each in centre.runtime.rules.states() if each.name.startswith(scenario.name) and each.fired
    ]


async def meet_stage(centre: RunningCentre, scenario: Scenario, number: int, traffic: Traffic) -> None:
    """See a fault of the stage act, if it has one."""
    if not scenario.stages[number].faults:
        await traffic.send()
        assert centre.runtime.rules.rules() == []
        return
    kinds = {fault.fault.kind for fault in scenario.stages[number].faults}

    async def acted() -> bool:
        try:
            await traffic.send()
        except ConnectionRefusedError:
            return kinds == {Kind.REFUSE}
        return bool(fired(centre, scenario))

    where = f"{scenario.name}, stage {scenario.stages[number].name}"
    await eventually(acted, saying=f"{where}: one of its faults acts")


async def test_every_stage_of_every_preset_is_felt_by_an_office(centre: RunningCentre) -> None:
    await centre.decide_at_once()
    for scenario in presets().values():
        await ask(centre, "start", scenario.name)
        await ask(centre, "pause", scenario.name)
        for number, each in enumerate(scenario.stages):
            run = (await show(centre, scenario.name))["run"]
            assert (run["stage"]["name"], run["stage"]["refused"]) == (each.name, {})
            await meet_stage(centre, scenario, number, Traffic(centre))
            for wire in centre.wires:
                wire.close()
            await ask(centre, "step", scenario.name)
        await ask(centre, "stop", scenario.name)
        assert centre.runtime.rules.rules() == []


def test_presets_cite_where_their_facts_stand() -> None:
    assert all(each.source and each.assumed and each.description for each in presets().values())
    wanted = {
        "ngargoyoso-2016-09-16", "jepara-2017-06-14", "march-2017-deduplication-down",
        "december-2016-check-overloaded", "flapping", "brown-out", "maintenance-window",
        "recovery-under-national-backlog", "thin-link", "captive-portal-morning",
    }  # fmt: skip
    assert wanted <= set(presets())
    for each in presets().values():
        assert Scenario.model_validate(json.loads(each.model_dump_json(by_alias=True))) == each
