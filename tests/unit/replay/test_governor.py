"""How fast the day runs: slow where minutes decide, slower while the machine does not keep up, full else."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.ektp.replay.client import Caller, Service, TrioClient
from services.ektp.replay.governor import CALM, TOO_LATE, Governor
from services.ektp.replay.pace import DayClock

BEGINS = datetime(2017, 6, 14, 1, 30, tzinfo=UTC)
ENDS = datetime(2017, 6, 14, 3, 40, tzinfo=UTC)
QUIET = BEGINS + timedelta(hours=1)


async def _nothing(_service: Service) -> None:
    return None


@pytest.fixture
def clock() -> DayClock:
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    client = TrioClient(http, dict.fromkeys(Service, "http://trio"), _nothing)
    return DayClock(client, Caller("ops", "token"))


@pytest.fixture
def governor(clock: DayClock) -> Governor:
    return Governor(clock, 360, BEGINS, ENDS, lambda: False)


@pytest.mark.parametrize(
    ("at", "speed"),
    [
        (BEGINS - timedelta(minutes=10), 360),
        (BEGINS - timedelta(minutes=3), 60),
        (BEGINS + timedelta(minutes=4), 60),
        (QUIET, 360),
        (ENDS, 60),
        (ENDS + timedelta(minutes=10), 360),
    ],
)
def test_the_day_is_slow_around_the_ends_of_the_outage(
    governor: Governor, at: datetime, speed: float
) -> None:
    assert governor.speed(at) == speed


def test_people_who_come_late_slow_the_day_down_to_an_eighth_and_no_further(governor: Governor) -> None:
    speeds = []
    for _ in range(5):
        governor.shift(TOO_LATE + 1)
        speeds.append(governor.speed(QUIET))

    assert speeds == [180, 90, 45, 45, 45]


def test_calm_brings_the_speed_back(governor: Governor) -> None:
    governor.shift(TOO_LATE + 1)

    for _ in range(CALM):
        governor.shift(0)

    assert governor.speed(QUIET) == 360


def test_calm_must_last_longer_each_time_it_was_deceptive(governor: Governor) -> None:
    governor.shift(TOO_LATE + 1)
    governor.shift(TOO_LATE + 1)

    for _ in range(CALM):
        governor.shift(0)
    too_early = governor.speed(QUIET)
    for _ in range(CALM):
        governor.shift(0)

    assert (too_early, governor.speed(QUIET)) == (90, 180)


async def test_lateness_is_noted_once_by_whoever_was_latest(clock: DayClock) -> None:
    now = clock.now()

    await clock.on_time(now - timedelta(seconds=50))
    await clock.on_time(now - timedelta(seconds=20))

    assert 50 <= clock.take_lateness() < 60
    assert clock.take_lateness() == 0
