"""A whole short day against a trio in memory, in both modes and through a death."""

from dataclasses import replace
from datetime import time

import pytest

from services.ektp.replay.checker import check
from services.ektp.replay.client import Unreachable
from services.ektp.replay.engine import play
from services.ektp.replay.history import History
from services.ektp.replay.play import Play
from tests.unit.replay.days import SHORT, short_day
from tests.unit.replay.fake_trio import OFFICE, FakeTrio

SCENARIO = short_day()
DAY = Play(SCENARIO, SCENARIO.date, record_offline=True, seed=1, speed=1800)


# At half an hour a second a busy machine is late by minutes of the day; these rules are tried on real processes.
PACE = ("recordings per counter-hour", "number 11 goes on first", "10 served when", "number 11 interrupted")


def violated(history: History) -> list[str]:
    findings = [finding for finding in check(SCENARIO, history) if not finding.rule.startswith(PACE)]
    return [f"{finding.rule}: {finding.saw}" for finding in findings if not finding.holds]


async def test_a_day_with_offline_recording_keeps_every_rule() -> None:
    history = await play(FakeTrio().stage(), DAY)

    assert violated(history) == []
    assert len(history.tickets) == 30


async def test_a_record_the_centre_lost_is_found_by_the_verdict() -> None:
    scenario = short_day(
        office_day=SHORT["office_day"] | {"closes": time(8, 40), "breaks": []},
        outage={"starts": time(8, 15), "ends": time(8, 20), "mode": "RESET"},
    )
    day = Play(scenario, scenario.date, record_offline=True, seed=1, speed=1800)

    history = await play(FakeTrio(loses={"e1"}).stage(), day)

    assert history.verified
    assert history.verified.missing == ["e1"]


async def test_a_day_as_the_offices_had_it_repeats_the_report() -> None:
    trio = FakeTrio()

    history = await play(trio.stage(), replace(DAY, record_offline=False))

    assert violated(history) == []
    assert trio.record_offline is True, "the office's own policy is put back"
    assert trio.office["counters"] == OFFICE["counters"]


async def test_clocks_and_centre_are_put_back_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    trio = FakeTrio()
    monkeypatch.setattr("services.ektp.replay.client.PATIENCE", 0.3)
    trio.unhealthy = 10_000

    with pytest.raises(Unreachable):
        await play(trio.stage(), DAY)

    assert trio.clock_settings[-1]["start"] is None
