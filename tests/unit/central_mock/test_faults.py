"""How long a fault that outlived a restart still lives, and how its countdown meets the clock."""

from datetime import UTC, datetime, timedelta

import pytest

from services.central_mock.faults.domain import Fault, Mode, life_left
from services.central_mock.faults.service import Countdown

SET = datetime(2016, 9, 16, 4, 30, tzinfo=UTC)
FAULT = Fault(Mode.HANG, SET, 3600.0, "ops", "", 30)


@pytest.mark.parametrize(
    ("later", "left"),
    [
        (timedelta(0), 3600.0),
        (timedelta(minutes=20), 2400.0),
        (timedelta(hours=1), 0.0),
        (timedelta(days=3650), 0.0),
    ],
)
def test_what_is_left_after_a_restart(later: timedelta, left: float) -> None:
    assert life_left(FAULT, SET + later) == left


def test_a_clock_before_the_faults_beginning_ends_it() -> None:
    assert life_left(FAULT, SET - timedelta(seconds=1)) == 0.0


def test_a_countdown_runs_at_the_clocks_speed() -> None:
    assert Countdown(3600.0, 100.0).now(at=105.0, speed=240) == 2400.0
    assert Countdown(3600.0, 100.0).now(at=200.0, speed=240) == 0.0
