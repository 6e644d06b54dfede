"""A day played against real processes: through the command line in both modes, and through kill -9 of each."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from services.ektp.replay.actors import Office
from services.ektp.replay.checker import check
from services.ektp.replay.engine import Stage, free_day, play
from services.ektp.replay.own_trio import trio_for_demo
from services.ektp.replay.play import Play
from services.ektp.replay.scenario import load_scenario
from services.ektp.running import find_trio
from services.ektp.settings import TrioSettings
from shared.testing.trio import Trio

SCENARIO = Path(__file__).with_name("short-day.toml")
SPEED = 360.0
KILLED = ("enrolment_api", "queue_api", "central_mock")


@pytest.fixture(scope="module")
def trio() -> Iterator[Trio]:
    with Trio() as running:
        yield running


@pytest.mark.timeout(300)
def test_the_command_plays_both_modes_and_its_exit_code_is_the_verdict(trio: Trio, tmp_path: Path) -> None:
    played = subprocess.run(
        [sys.executable, "-m", "services.ektp", "day", "replay", str(SCENARIO), "--report", str(tmp_path)],
        env={**os.environ, "EKTP_HOME": str(trio.home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )

    assert played.returncode == 0, played.stdout + played.stderr
    assert "the same weekday" in played.stdout, "the second mode has a date of its own and says so"
    assert (tmp_path / "day-replay.html").exists()


@pytest.mark.timeout(300)
async def test_a_day_survives_the_death_of_each_service_with_nothing_lost(trio: Trio) -> None:
    scenario = load_scenario(str(SCENARIO))
    stage = Stage(find_trio(TrioSettings.model_validate({"EKTP_HOME": trio.home})))
    day = await free_day(stage, scenario, scenario.date)
    killer = Killer(trio)

    history = await play(stage, Play(scenario, day, record_offline=True, seed=2, speed=SPEED), killer.watch)

    assert not killer.left, "every service was killed while the day was played"
    lost = [
        finding for finding in check(scenario, history) if not finding.holds and may_not_suffer(finding.rule)
    ]
    assert lost == []


def may_not_suffer(rule: str) -> bool:
    """A service that is away for real seconds costs minutes of the day in pace and in noticing; nothing else."""
    return not rule.startswith(
        ("recordings per counter-hour", "the outage noticed", "the board tells", "the ledger has")
    )


class Killer:
    """Kills one service after another in the middle of the day, the centre during its outage."""

    def __init__(self, trio: Trio) -> None:
        self._trio = trio
        self.left = list(KILLED)

    def watch(self, office: Office) -> None:
        since_opening = office.clock.now() - office.opens
        due = timedelta(minutes=25) * (1 + len(KILLED) - len(self.left))
        if self.left and since_opening > due:
            self._trio.kill(self.left.pop(0))


async def test_ctrl_c_puts_the_clocks_back(trio: Trio) -> None:
    scenario = load_scenario(str(SCENARIO))
    running = find_trio(TrioSettings.model_validate({"EKTP_HOME": trio.home}))
    stage = Stage(running)
    day = await free_day(stage, scenario, scenario.date)
    started = asyncio.Event()
    playing = asyncio.create_task(
        play(stage, Play(scenario, day, record_offline=True, seed=3, speed=SPEED), lambda _: started.set())
    )
    await started.wait()

    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing

    for service in ("queue_api", "enrolment_api", "central_control"):
        clock = running.call("GET", f"{running.urls[service]}/control/v1/clock")
        assert clock["start"] is None


def test_the_demo_starts_a_trio_of_its_own_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EKTP_HOME", str(tmp_path))  # as in the shell of somebody whose trio does not run
    url = ""

    with trio_for_demo(TrioSettings(), Console()) as running:
        url = running.urls["queue_api"]
        assert httpx.get(f"{url}/health/ready").status_code == httpx.codes.OK
        assert running.token(["ops"], []), "its own keys are found"

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health/live")
