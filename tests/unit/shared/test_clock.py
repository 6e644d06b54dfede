"""One clock: real, scaled, fixed; setting it wakes who sleeps; a deadline on real I/O has a floor."""

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.clock import DEADLINE_FLOOR, FixedClock, SystemClock

MORNING = datetime(2016, 9, 16, 7, 30, tzinfo=timezone(timedelta(hours=7)))


class Ticks:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_real_time_is_shown_in_utc() -> None:
    before = datetime.now(UTC)
    shown = SystemClock().now()
    assert before <= shown <= datetime.now(UTC)
    assert shown.tzinfo is UTC


def test_a_scaled_clock_runs_from_its_start_at_its_speed() -> None:
    ticks = Ticks()
    clock = SystemClock(ticks)
    clock.set(MORNING, speed=240)
    assert clock.now() == MORNING and clock.now().tzinfo is UTC
    ticks.now += 10
    assert clock.now() == MORNING + timedelta(minutes=40)
    clock.set(None)
    assert (clock.start, clock.speed) == (None, 1.0)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_clock_set_anew_starts_there_and_not_where_the_old_one_had_come_to() -> None:
    ticks = Ticks()
    clock = SystemClock(ticks)
    clock.set(MORNING, speed=60)
    ticks.now += 60
    clock.set(MORNING, speed=1)
    assert clock.now() == MORNING


async def test_an_hour_at_high_speed_is_slept_in_no_time() -> None:
    clock = SystemClock()
    clock.set(MORNING, speed=36_000)
    started = time.monotonic()
    await clock.sleep(3600)
    assert time.monotonic() - started < 5
    assert clock.now() >= MORNING + timedelta(hours=1)


async def test_setting_the_clock_wakes_every_sleeper() -> None:
    clock = SystemClock()
    sleepers = [asyncio.create_task(clock.sleep(3600)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(each.done() for each in sleepers)
    clock.set(MORNING, speed=1)
    await asyncio.wait_for(asyncio.gather(*sleepers), 5)
    late = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0)
    assert not late.done(), "only those who slept by the old time wake"
    late.cancel()


async def test_a_negative_sleep_is_over_at_once() -> None:
    await asyncio.wait_for(SystemClock().sleep(-5), 5)


@pytest.mark.parametrize(
    ("speed", "seconds", "real"),
    [(1, 5, 5), (240, 5, DEADLINE_FLOOR), (2, 10, 5), (240, 0.2, 0.2), (1, 0.2, 0.2)],
)
async def test_a_deadline_follows_the_clock_down_to_the_floor(
    speed: float, seconds: float, real: float
) -> None:
    clock = SystemClock()
    clock.set(MORNING, speed)
    loop = asyncio.get_running_loop()
    async with clock.deadline(seconds) as limit:
        when = limit.when()
        assert when is not None
        assert when - loop.time() == pytest.approx(real, abs=0.15)


async def test_a_deadline_ends_what_does_not_end() -> None:
    with pytest.raises(TimeoutError):
        async with SystemClock().deadline(0.01):
            await asyncio.Event().wait()


async def test_a_fixed_clock_moves_only_when_told_or_slept() -> None:
    clock = FixedClock(MORNING)
    assert clock.now() == clock.now() == MORNING
    clock.advance(minutes=5)
    await clock.sleep(3600)
    assert clock.now() == MORNING + timedelta(minutes=65)
