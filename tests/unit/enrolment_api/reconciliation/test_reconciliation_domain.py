"""A day always adds up, a comparison never accuses wrongly, and no plan puts a comparison off."""

import random
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.enrolment_api.delivery.domain import DeliveryState
from services.enrolment_api.reconciliation.domain import (
    RECOVERY_SPREAD,
    STANDINGS,
    Known,
    Line,
    Policy,
    Standing,
    disagreements,
    due_again,
    figures_of,
    planned,
    standing_of,
)
from shared.contracts.central import Reconciliation

NOW = datetime(2016, 9, 16, 3, 0, tzinfo=UTC)
STATES = st.none() | st.sampled_from([each.value for each in DeliveryState])
KEYS = st.sets(st.sampled_from([f"key-{number}" for number in range(12)]))
MOMENTS = st.integers(-100_000, 100_000).map(lambda seconds: NOW + timedelta(seconds=seconds))


def test_every_state_of_a_delivery_stands_somewhere() -> None:
    assert set(STANDINGS) == set(DeliveryState)
    assert standing_of(None) is Standing.QUARANTINED


@given(st.lists(st.tuples(STATES, st.integers(0, 20_000))))
def test_recorded_is_acknowledged_and_pending_and_quarantined(states: list[tuple[str | None, int]]) -> None:
    figures = figures_of(states)
    assert figures.recorded == sum(number for _, number in states)
    assert figures.recorded == figures.acknowledged + figures.pending + figures.quarantined


@given(
    ours=st.dictionaries(st.sampled_from([f"key-{n}" for n in range(12)]), STATES),
    theirs=KEYS,
    at=st.integers(1, 5),
)
def test_only_what_was_acknowledged_is_missing_and_only_what_no_part_listed_is_unexpected(
    ours: dict[str, str | None], theirs: set[str], at: int
) -> None:
    lines = [Line(key, "", standing_of(state), None) for key, state in ours.items()]
    parts = [lines[start : start + at] for start in range(0, len(lines), at)] or [[]]
    answers = [
        Reconciliation(
            missing=[line.key for line in part if line.key not in theirs],
            mismatched=[],
            unexpected=sorted(theirs - {line.key for line in part}),
        )
        for part in parts
    ]
    found = disagreements(lines, answers)
    acknowledged = {key for key, state in ours.items() if state == DeliveryState.ACKNOWLEDGED}
    assert {line.key for line in found.missing} == acknowledged - theirs
    assert set(found.unexpected) == theirs - set(ours)


@given(
    known=st.none() | st.builds(Known, st.none() | MOMENTS, st.none() | MOMENTS),
    recent=st.booleans(),
    since=MOMENTS,
    seed=st.integers(),
)
def test_planning_never_puts_off_and_settles_at_once(
    known: Known | None, recent: bool, since: datetime, seed: int
) -> None:
    dice = random.Random(seed)

    def plan(known: Known | None) -> datetime | None:
        return planned(known, interval=3600, recent=recent, online_since=since, now=NOW, dice=dice)

    due = plan(known)
    if due is None:
        assert known is not None
        return
    if known is not None and known.due_at is not None:
        assert due < known.due_at
    assert due <= max(NOW + timedelta(hours=1), since + timedelta(seconds=RECOVERY_SPREAD))
    assert plan(Known(due, known.started_at if known else None)) is None


def test_with_no_days_nothing_is_compared_by_itself() -> None:
    today = date(2016, 9, 16)
    assert due_again(today, today, now=NOW, policy=Policy(days=0), dice=random.Random(1)) is None


def test_after_an_outage_recent_days_are_compared_within_minutes_and_once() -> None:
    hourly = Known(due_at=NOW + timedelta(minutes=50), started_at=NOW - timedelta(minutes=10))

    def plan(known: Known, recent: bool = True) -> datetime | None:
        return planned(known, interval=3600, recent=recent, online_since=NOW, now=NOW, dice=random.Random(4))

    due = plan(hourly)
    assert due is not None and NOW <= due <= NOW + timedelta(seconds=RECOVERY_SPREAD)
    assert plan(hourly, recent=False) is None
    assert plan(Known(due_at=hourly.due_at, started_at=NOW + timedelta(minutes=1))) is None


@given(age=st.integers(-3, 30), seed=st.integers())
def test_young_days_are_compared_hourly_older_ones_daily_and_old_ones_when_asked(age: int, seed: int) -> None:
    today = date(2016, 9, 16)
    due = due_again(today - timedelta(days=age), today, now=NOW, policy=Policy(), dice=random.Random(seed))
    if not 0 <= age < 7:
        assert due is None
        return
    assert due is not None
    hours = (due - NOW).total_seconds() / 3600
    assert 0.75 <= hours / (1 if age <= 1 else 24) <= 1.25
