"""A run's place on its timeline, whatever is done to it and however time passes in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.central_mock.faults.scenarios.domain import (
    AFTER,
    Action,
    Place,
    Span,
    State,
    Timeline,
    allowed,
    left,
    life_left,
    next_change,
    part_of,
    passed,
    paused,
    resumed,
    stage_left,
    stepped,
)

DAY = Timeline((Span(60.0), Span(30.0, (0.0, 10.0, 20.0)), Span(10.0)))
TWICE = Timeline(DAY.spans, rounds=2)
FOR_EVER = Timeline(DAY.spans, rounds=None, life=1000.0)


def at(timeline: Timeline, seconds: float) -> tuple[int, int, float] | None:
    """Round, stage and seconds into it, so long after the start."""
    place = passed(timeline, Place(), seconds)
    return None if place is None else (place.round, place.stage, round(place.into, 3))


@pytest.mark.parametrize(
    ("seconds", "where"),
    [
        (0.0, (1, 0, 0.0)),
        (59.9, (1, 0, 59.9)),
        (60.0, (1, 1, 0.0)),
        (95.0, (1, 2, 5.0)),
        (100.0, None),
        (1e9, None),
    ],
)
def test_the_stages_follow_each_other(seconds: float, where: tuple[int, int, float] | None) -> None:
    assert at(DAY, seconds) == where


def test_a_loop_begins_again_as_often_as_it_says() -> None:
    assert at(TWICE, 100.0) == (2, 0, 0.0)
    assert at(TWICE, 165.0) == (2, 1, 5.0)
    assert at(TWICE, 200.0) is None


def test_a_loop_for_ever_ends_with_the_scenarios_life() -> None:
    assert at(FOR_EVER, 999.0) == (10, 2, 9.0)
    assert at(FOR_EVER, 1000.0) is None


def test_a_ramp_divides_its_stage() -> None:
    parts = [part_of(DAY, Place(stage=1, into=into)) for into in (0.0, 9.9, 10.0, 20.0, 29.9)]
    assert parts == [0, 0, 1, 2, 2]
    assert next_change(DAY, Place(stage=1, into=4.0, age=64.0)) == 6.0
    assert next_change(DAY, Place(stage=1, into=25.0, age=85.0)) == 5.0


def test_a_pause_holds_the_stage_and_ends_by_itself() -> None:
    held = paused(Place(into=50.0, age=50.0), 300.0)
    assert stage_left(DAY, held) == 310.0
    assert passed(DAY, held, 299.0) == Place(into=50.0, age=349.0, pause=1.0)
    assert passed(DAY, held, 305.0) == Place(into=55.0, age=355.0)
    assert passed(DAY, held, 310.0) == Place(stage=1, into=0.0, age=360.0)


def test_a_pause_does_not_prolong_the_scenarios_life() -> None:
    held = paused(Place(age=990.0, into=5.0), 300.0)
    assert stage_left(FOR_EVER, held) == 10.0
    assert passed(FOR_EVER, held, 10.0) is None


def test_a_step_goes_to_the_next_stages_beginning_and_after_the_last_to_the_end() -> None:
    place = stepped(TWICE, Place(into=50.0, age=50.0))
    assert place == Place(stage=1, age=50.0)
    assert stepped(TWICE, Place(stage=2, into=1.0)) == Place(round=2)
    assert stepped(TWICE, Place(round=2, stage=2)) is None
    assert stepped(FOR_EVER, Place(round=999, stage=2)) == Place(round=1000)


def test_what_is_left_counts_rounds_and_pauses() -> None:
    assert left(DAY, Place()) == 100.0
    assert left(TWICE, Place(stage=1, into=10.0, age=70.0)) == 130.0
    assert left(TWICE, paused(Place(stage=1, into=10.0, age=70.0), 60.0)) == 190.0
    assert left(FOR_EVER, Place(age=400.0)) == 600.0


def test_only_a_start_is_refused_while_it_runs_and_nothing_else_while_it_does_not() -> None:
    assert allowed(State.IDLE) == ["start", "stop"]
    assert Action.START not in allowed(State.RUNNING)
    assert all(AFTER[state, Action.STOP] is State.IDLE for state in State)


spans = st.builds(
    lambda seconds, parts: Span(seconds, tuple(seconds * k / parts for k in range(parts))),
    st.floats(1.0, 86_400.0),
    st.integers(1, 7),
)
timelines = st.builds(
    Timeline,
    st.lists(spans, min_size=1, max_size=5).map(tuple),
    st.none() | st.integers(1, 20),
    st.floats(10.0, 7 * 86_400.0),
)
deeds = st.lists(
    st.tuples(
        st.sampled_from(["wait", "wait", "change", "pause", "resume", "step"]), st.floats(0.0, 200_000.0)
    ),
    max_size=30,
)


def do(timeline: Timeline, place: Place, deed: str, seconds: float) -> Place | None:
    if deed == "wait":
        return passed(timeline, place, seconds)
    if deed == "change":  # as the runner does: it sleeps until something changes
        return passed(timeline, place, next_change(timeline, place))
    if deed == "pause":
        return paused(place, max(seconds, 1.0))
    return resumed(place) if deed == "resume" else stepped(timeline, place)


@given(timelines, deeds)
def test_it_is_always_somewhere_inside_a_stage_and_every_change_comes_later(
    timeline: Timeline, history: list[tuple[str, float]]
) -> None:
    place: Place | None = Place()
    for deed, seconds in history:
        assert place is not None
        before, place = place, do(timeline, place, deed, seconds)
        if place is None:
            break
        span = timeline.spans[place.stage]
        assert 0.0 <= place.into < span.seconds
        assert 0 <= part_of(timeline, place) < len(span.cuts)
        assert 0.0 < next_change(timeline, place) <= stage_left(timeline, place) + 1e-6
        assert stage_left(timeline, place) <= life_left(timeline, place)
        assert 0.0 < left(timeline, place) <= life_left(timeline, place)
        assert (place.round, place.stage) >= (before.round, before.stage)


@given(timelines, st.floats(0.0, 7 * 86_400.0), st.floats(0.0, 1.0))
def test_time_that_passes_in_two_goes_leads_to_the_same_place(
    timeline: Timeline, seconds: float, share: float
) -> None:
    once = passed(timeline, Place(), seconds)
    half = passed(timeline, Place(), seconds * share)
    twice = half and passed(timeline, half, seconds - seconds * share)
    if once is None or twice is None:  # they may differ by a hair at the very end
        assert once is twice is None or left(timeline, once or twice or Place()) < 1e-3
        return
    ahead = [(each.round - 1) * timeline.cycle + _reached(timeline, each) for each in (once, twice)]
    assert ahead[0] == pytest.approx(ahead[1], abs=1e-3)


def _reached(timeline: Timeline, place: Place) -> float:
    return sum(span.seconds for span in timeline.spans[: place.stage]) + place.into


@given(timelines)
def test_played_from_change_to_change_it_meets_every_part_once_and_ends(timeline: Timeline) -> None:
    place: Place | None = Place()
    met: list[tuple[int, int, int]] = []
    while place is not None and len(met) < 500:
        met.append((place.round, place.stage, part_of(timeline, place)))
        place = passed(timeline, place, next_change(timeline, place))
    assert met == sorted(set(met))
    if place is None and timeline.rounds is not None and timeline.cycle * timeline.rounds < timeline.life - 1:
        assert len(met) == timeline.rounds * sum(len(span.cuts) for span in timeline.spans)
