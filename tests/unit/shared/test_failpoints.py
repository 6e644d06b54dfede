"""Fail points: nothing where nobody asked, once each where somebody did, and never in production."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared import failpoints
from shared.failpoints import POINTS, Act, FailPointReached, FailPoints, Order, passing, read_orders
from shared.settings import Profile, ServiceSettings

ROOT = Path(__file__).parents[3]
CALLS = ('fail_point("', 'fail_point_after("', 'point="')


def calls_in_source() -> list[str]:
    found = []
    for folder in ("services", "shared"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in CALLS:
                found += [part.split('"', 1)[0] for part in path.read_text().split(call)[1:]]
    return [each for each in found if each]


def test_every_point_is_in_the_source_and_in_the_registry_once() -> None:
    for_each_kind_of_database = [point for point in POINTS if point.startswith("database.")]
    assert sorted(calls_in_source()) == sorted([*POINTS, *for_each_kind_of_database])


class TestWhereNobodyAsked:
    def test_functions_are_those_that_were_written(self) -> None:
        def use_case() -> None: ...

        assert failpoints.ASKED is False
        assert failpoints.fail_point_after("complete.before-commit")(use_case) is use_case
        failpoints.fail_point("complete.before-commit")

    def test_a_production_process_is_bound_to_nothing_and_refuses_its_settings(self, tmp_path: Path) -> None:
        asked = {"EKTP_FAILPOINTS": "relay.after-mark", "EKTP_PROFILE": "production"}
        said = subprocess.run(
            [sys.executable, "-c", "from shared import failpoints; print(failpoints.ASKED)"],
            env=os.environ | asked,
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        assert said.stdout == b"False\n"
        with pytest.raises(ValidationError, match="no fail points"):
            ServiceSettings(profile=Profile.PRODUCTION, failpoints="relay.after-mark")


class TestOrders:
    def test_say_point_time_and_act(self) -> None:
        assert read_orders("relay.after-mark, consumer.after-ack:3=pause,centre.after-commit=raise") == [
            Order("relay.after-mark"),
            Order("consumer.after-ack", 3, Act.PAUSE),
            Order("centre.after-commit", 1, Act.RAISE),
        ]

    @pytest.mark.parametrize(
        "text", ["relay.sometimes", "relay.after-mark:0", "relay.after-mark=explode", "!"]
    )
    def test_that_name_nothing_known_stop_a_service_from_starting(self, text: str) -> None:
        with pytest.raises(ValidationError):
            ServiceSettings(failpoints=text)

    def test_act_once_each_at_their_time(self) -> None:
        points = FailPoints(read_orders("relay.after-mark:2=raise,relay.after-mark:3=raise"))
        passed = []
        for number in range(1, 6):
            points("relay.after-publish")
            try:
                points("relay.after-mark")
            except FailPointReached:
                passed.append(number)
        assert passed == [2, 3]


class TestAFileOfOrders:
    def test_may_come_later_and_loses_what_has_acted(self, tmp_path: Path) -> None:
        points = FailPoints.asked_for("@orders", tmp_path)
        points("relay.after-mark")
        (tmp_path / "orders").write_text("relay.after-mark:2=raise,consumer.after-ack=raise")
        points("relay.after-mark")
        with pytest.raises(FailPointReached):
            points("relay.after-mark")
        points("relay.after-mark")
        assert (tmp_path / "orders").read_text() == "consumer.after-ack:1=raise"
        assert (tmp_path / "orders.fired").read_text() == "relay.after-mark:2=raise\n"
        started_again = FailPoints.asked_for("@orders", tmp_path)
        started_again("relay.after-mark")
        with pytest.raises(FailPointReached):
            started_again("consumer.after-ack")


class TestAPointAfterAFunction:
    async def test_is_passed_when_it_has_returned_and_not_when_it_has_failed(self) -> None:
        seen: list[str] = []

        @passing(seen.append, "plain")
        def plain(fails: bool) -> str:
            """A use case."""
            if fails:
                raise LookupError
            return "done"

        @passing(seen.append, "awaited")
        async def awaited() -> str:
            return plain(False)

        assert await awaited() == "done"
        with pytest.raises(LookupError):
            plain(True)
        assert seen == ["plain", "awaited"]
        assert (plain.__name__, plain.__doc__) == ("plain", "A use case.")


@pytest.mark.parametrize(("act", "number"), [("kill", signal.SIGKILL), ("pause", signal.SIGSTOP)])
def test_a_process_is_killed_or_frozen_where_it_was_asked_to(act: str, number: signal.Signals) -> None:
    code = "from shared.failpoints import fail_point; fail_point('relay.after-mark'); print('on')"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"EKTP_FAILPOINTS": f"relay.after-mark={act}"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    if act == "kill":
        assert os.WTERMSIG(status) == number
    else:
        assert os.WSTOPSIG(status) == number
        os.kill(process.pid, signal.SIGCONT)
        _, status = os.waitpid(process.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
    process.returncode = 0  # waited for here
    process.communicate()
