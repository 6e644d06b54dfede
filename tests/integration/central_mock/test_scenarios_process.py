"""A scenario whose centre is killed: it goes on where the clock has it, and the start says so."""

import signal

import httpx

from tests.integration.central_mock.test_process import CentreProcess, process

__all__ = ["process"]


def test_a_scenario_outlives_kill_9_and_the_start_says_so(process: CentreProcess) -> None:
    path = "/control/v1/scenarios/jepara-2017-06-14"
    started = process.control.post(f"{path}/start", json={"stage": "server-disturbed", "reason": "a drill"})
    assert started.json()["run"]["stage"]["name"] == "server-disturbed"

    process.end(signal.SIGKILL)
    process.start()

    state = process.control.get("/control/v1/state").json()
    assert "the scenario jepara-2017-06-14 in its stage server-disturbed for another 7" in state["restored"]
    run = state["scenario"]
    assert (run["state"], run["reason"], run["round"]) == ("RUNNING", "a drill", 1)
    assert run["stage"]["since"] == started.json()["run"]["stage"]["since"]
    assert run["stage"]["rules"] == ["jepara-2017-06-14.server-disturbed.disturbed"]
    assert httpx.get(f"{process.url}/central/v1/health").status_code == 503
    assert "scenario.restored" in process.log
    stepped = process.control.post(f"{path}/step").json()
    assert stepped["run"]["stage"]["name"] == "recording-again"
    assert process.control.post(f"{path}/stop").json()["state"] == "IDLE"
    assert process.control.get("/control/v1/state").json()["rules"] == []
