"""Where a scenario stands: its stages on the clock, pauses, steps and rounds, as data and pure functions.

Time that has passed is handed in. Nothing here reads a clock, so moving the centre's clock can't lose the place.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate

LONGEST = 7 * 86_400.0
"""Seconds of the clock: no scenario runs longer, its pauses included."""
LONGEST_PAUSE = 86_400.0
"""Seconds of the clock after which a pause ends by itself: the faults of the stage are on all the while."""
HAIR = 1e-6
"""Seconds: a change that is nearer than this has come. Sums of floats miss a boundary by less."""


class State(StrEnum):
    """What a scenario does now."""

    IDLE = "IDLE"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    """Held in its stage, whose faults stay on."""


class Action(StrEnum):
    """What ops can do with it."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STEP = "step"
    STOP = "stop"


AFTER: dict[tuple[State, Action], State] = {
    (State.IDLE, Action.START): State.RUNNING,
    (State.IDLE, Action.STOP): State.IDLE,  # who cleans up need not ask first
    (State.RUNNING, Action.PAUSE): State.PAUSED,
    (State.RUNNING, Action.RESUME): State.RUNNING,
    (State.RUNNING, Action.STEP): State.RUNNING,
    (State.RUNNING, Action.STOP): State.IDLE,
    (State.PAUSED, Action.PAUSE): State.PAUSED,  # the pause begins anew
    (State.PAUSED, Action.RESUME): State.RUNNING,
    (State.PAUSED, Action.STEP): State.PAUSED,
    (State.PAUSED, Action.STOP): State.IDLE,
}


def allowed(state: State) -> list[str]:
    """The actions that are possible from here."""
    return [action.value for (at, action) in AFTER if at is state]


@dataclass(frozen=True)
class Span:
    """A stage as the clock sees it."""

    seconds: float
    cuts: tuple[float, ...] = (0.0,)
    """Seconds into the stage at which something of it changes; the first is its beginning."""


@dataclass(frozen=True)
class Timeline:
    """The stages of a scenario, how often they are played, and for how long at most."""

    spans: tuple[Span, ...]
    rounds: int | None = 1
    """None plays them until the life is over."""
    life: float = LONGEST
    """Seconds of the clock from the start, pauses included."""

    @property
    def cycle(self) -> float:
        """Seconds of one round."""
        return sum(span.seconds for span in self.spans)


@dataclass(frozen=True)
class Place:
    """Where a run is. There is no place after the end: functions that may end give None."""

    round: int = 1
    stage: int = 0
    into: float = 0.0
    """Seconds of the stage that have passed, pauses not counted."""
    age: float = 0.0
    """Seconds since the start, pauses included."""
    pause: float | None = None
    """Seconds after which a pause ends by itself; None while it runs."""

    @property
    def state(self) -> State:
        """What the scenario does here."""
        return State.RUNNING if self.pause is None else State.PAUSED


def passed(timeline: Timeline, place: Place, seconds: float) -> Place | None:
    """Where it stands after so many seconds."""
    age = place.age + seconds
    if age + HAIR >= timeline.life:
        return None
    if place.pause is None:
        return _run_on(timeline, replace(place, age=age), seconds)
    if seconds + HAIR < place.pause:
        return replace(place, age=age, pause=place.pause - seconds)
    return _run_on(timeline, replace(place, age=age, pause=None), max(seconds - place.pause, 0.0))


def _run_on(timeline: Timeline, place: Place, seconds: float) -> Place | None:
    starts = _starts(timeline)
    rounds, into_round = divmod(starts[place.stage] + place.into + seconds, timeline.cycle)
    if timeline.cycle - into_round <= HAIR:
        rounds, into_round = rounds + 1, 0.0
    number = place.round + int(rounds)
    if timeline.rounds is not None and number > timeline.rounds:
        return None
    stage = bisect_right(starts, into_round + HAIR) - 1
    return replace(place, round=number, stage=stage, into=max(into_round - starts[stage], 0.0))


def _starts(timeline: Timeline) -> list[float]:
    return list(accumulate((span.seconds for span in timeline.spans[:-1]), initial=0.0))


def stepped(timeline: Timeline, place: Place) -> Place | None:
    """The beginning of the next stage, in the same state."""
    stage, number = place.stage + 1, place.round
    if stage == len(timeline.spans):
        stage, number = 0, number + 1
        if timeline.rounds is not None and number > timeline.rounds:
            return None
    return replace(place, round=number, stage=stage, into=0.0)


def paused(place: Place, seconds: float) -> Place:
    """Held here for so long at most."""
    return replace(place, pause=seconds)


def resumed(place: Place) -> Place:
    """Going on from here."""
    return replace(place, pause=None)


def part_of(timeline: Timeline, place: Place) -> int:
    """Which part of its stage it is in, as the cuts divide it."""
    return bisect_right(timeline.spans[place.stage].cuts, place.into + HAIR) - 1


def life_left(timeline: Timeline, place: Place) -> float:
    """Seconds until the scenario has lived long enough, whatever it does."""
    return timeline.life - place.age


def stage_left(timeline: Timeline, place: Place) -> float:
    """Seconds until its stage ends if nobody does anything: what its faults may live."""
    left = timeline.spans[place.stage].seconds - place.into + (place.pause or 0.0)
    return min(left, life_left(timeline, place))


def next_change(timeline: Timeline, place: Place) -> float:
    """Seconds until something changes if nobody does anything."""
    return min(_changes(timeline, place))


def _changes(timeline: Timeline, place: Place) -> Iterator[float]:
    yield life_left(timeline, place)
    if place.pause is not None:
        yield place.pause
        return
    span, part = timeline.spans[place.stage], part_of(timeline, place)
    yield (*span.cuts, span.seconds)[part + 1] - place.into


def left(timeline: Timeline, place: Place) -> float:
    """Seconds until the end if nobody does anything."""
    if timeline.rounds is None:
        return life_left(timeline, place)
    rest = (timeline.rounds - place.round + 1) * timeline.cycle
    rest += (place.pause or 0.0) - _starts(timeline)[place.stage] - place.into
    return min(rest, life_left(timeline, place))
