"""Faults that count and measure: delays drawn from their spread, quotas per office, a slow start, bytes at a rate."""

import asyncio
import statistics
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from services.central_mock.faults.delays import seconds_of
from services.central_mock.faults.instead import Made, made_by
from services.central_mock.faults.pace import Bucket, Pacer
from services.central_mock.faults.rules.domain import Subject, draw
from services.central_mock.faults.rules.ruling import Fired
from services.central_mock.faults.specs.socket import Latency
from tests.unit.central_mock.faults.test_index import rule

NOW = datetime(2016, 9, 16, 4, 30, tzinfo=UTC)
HERE, THERE = Subject("33.13.07", "records.post", "k"), Subject("33.20.08", "records.post", "k")


def fired(kind: str, **settings: Any) -> Fired:
    return Fired("tried", rule("tried", kind, settings=settings).fault)


def delays(**settings: Any) -> list[float]:
    spec = fired("LATENCY", **settings).spec
    assert isinstance(spec, Latency)
    subjects = [Subject(None, "records.post", f"key-{n}") for n in range(5000)]
    return [seconds_of(spec, draw(1, "slow", each, "latency")) for each in subjects]


class TestLatency:
    def test_a_fixed_delay_does_not_vary(self) -> None:
        assert set(delays(seconds=2)) == {2.0}

    def test_a_uniform_one_stays_within_its_jitter_and_fills_it(self) -> None:
        found = delays(seconds=2, jitter=1, spread="UNIFORM")
        assert 1.0 <= min(found) < 1.05
        assert 2.95 < max(found) <= 3.0
        assert statistics.fmean(found) == pytest.approx(2.0, abs=0.05)

    def test_a_lognormal_one_has_its_median_and_a_long_tail_up_to_the_longest(self) -> None:
        found = sorted(delays(seconds=2, jitter=1, spread="LOGNORMAL", longest=30))
        assert statistics.median(found) == pytest.approx(2.0, rel=0.08)
        assert found[int(len(found) * 0.84)] == pytest.approx(2.0 * 2.718, rel=0.1)
        assert found[-1] <= 30.0

    def test_no_delay_is_negative(self) -> None:
        assert min(delays(seconds=1, jitter=5, spread="UNIFORM")) == 0.0


class TestRetryAfter:
    def said(self, form: str) -> str | None:
        made = made_by(fired("STATUS", status=429, retry_after=90, retry_after_form=form), HERE, NOW)
        assert made is not None
        return {name.decode(): value.decode() for name, value in made.headers}.get("retry-after")

    def test_its_forms(self) -> None:
        assert self.said("NONE") is None
        assert self.said("SECONDS") == "90"
        date = self.said("DATE")
        assert date is not None
        assert parsedate_to_datetime(date) == NOW + timedelta(seconds=90)
        garbage = self.said("GARBAGE")
        assert garbage is not None
        with pytest.raises(ValueError, match="date"):
            parsedate_to_datetime(garbage)


class TestQuota:
    def test_each_office_has_so_many_in_each_window_of_the_clock(self) -> None:
        quota = fired("QUOTA", requests=2, window_seconds=60)
        at = NOW + timedelta(seconds=20)
        assert [status(made_by(quota, HERE, at)) for _ in range(4)] == [None, None, 429, 429]
        assert status(made_by(quota, THERE, at)) is None
        refused = made_by(quota, HERE, at)
        assert refused is not None
        assert (b"retry-after", b"40") in refused.headers
        assert status(made_by(quota, HERE, NOW + timedelta(seconds=60))) is None

    def test_a_quota_of_none_lets_nobody_in(self) -> None:
        assert status(made_by(fired("QUOTA", requests=0), HERE, NOW)) == 429


class TestSlowStart:
    def test_more_and_more_are_let_in_and_all_in_the_end(self) -> None:
        slow = fired("SLOW_START", from_rate=1, to_rate=11, seconds=100)

        def let_in(second: int) -> int:
            """Of a hundred requests within one second."""
            moments = [NOW + timedelta(seconds=second + n / 100) for n in range(100)]
            return sum(made_by(slow, HERE, each) is None for each in moments)

        found = [let_in(second) for second in (0, 30, 31, 60, 61, 90, 91, 100)]
        assert found[0] <= 3
        assert found[2] == pytest.approx(4, abs=2)
        assert found[4] == pytest.approx(7, abs=2)
        assert found[6] == pytest.approx(10, abs=2)
        assert found[7] == 100


def status(made: Made | None) -> int | None:
    return made.status if made else None


class TestPace:
    @pytest.mark.parametrize("rate", [0.5, 8, 1000, 1e6])
    def test_a_bucket_gives_its_rate_whatever_the_steps(self, rate: float) -> None:
        bucket, given, at = Bucket(rate, 0.0), 0, 0.0
        for step in (0.02, 0.021, 0.5, 0.02, 1.0, 0.02, 2.5, 3.9):
            at += step
            given += bucket.take(at, 1 << 30)
        assert given == pytest.approx(rate * at, abs=1)

    def test_what_nobody_wanted_is_not_saved_up(self) -> None:
        bucket = Bucket(1000, 0.0)
        assert bucket.take(60.0, 10) == 10
        assert bucket.take(60.0, 1000) <= 20

    async def test_all_bytes_pass_in_order_in_portions(self) -> None:
        portions: list[bytes] = []
        # Half a second: a loop that is late by less still sees portions.
        pacer = Pacer(500, 1, portions.append)
        data = bytes(range(256))
        pacer.put(data[:100])
        pacer.put(data[100:])
        await asyncio.wait_for(pacer.drained(), 10)
        assert b"".join(portions) == data
        assert len(portions) > 1

    async def test_when_the_rule_ends_the_rest_goes_at_once_and_whole(self) -> None:
        portions: list[bytes] = []
        ended: list[str] = []
        pacer = Pacer(0.01, 1, portions.append)
        pacer.put(b"an answer")
        pacer.when_empty(lambda: ended.append("closed"))
        assert portions == []
        pacer.release()
        assert (portions, ended) == ([b"an answer"], ["closed"])
        await asyncio.wait_for(pacer.drained(), 1)

    async def test_a_source_is_told_to_pause_and_to_go_on(self) -> None:
        told: list[bool] = []
        pacer = Pacer(1, 1, lambda _part: None)
        pacer.on_full(told.append)
        pacer.put(bytes(200_000))
        assert told == [True]
        pacer.release()
        assert told == [True, False]
