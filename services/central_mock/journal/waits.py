"""How long a client waits before it tries again, whether as it was told, and whether all come at once. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import fmean, pstdev

from services.central_mock.journal.calls import HEALTH, Call

ENOUGH = 5
"""Fewer waits, or fewer at once, say nothing."""
LEAST_DISPERSION = 0.1
"""Evenly between 0 and a limit has 0.5, between its half and it 0.17, a fixed wait has 0."""
NEIGHBOURS = 30.0
"""Seconds before and after a crowd in which its neighbours are counted."""
MOST_LISTED = 100


@dataclass(frozen=True)
class Minute:
    """One minute of the clock."""

    minute: datetime
    requests: int
    retries: int
    failed: int


@dataclass(frozen=True)
class Spread:
    """Waits between a failed attempt's end and the next attempt's beginning, in seconds of the clock."""

    count: int
    min: float
    p50: float
    p90: float
    max: float
    mean: float
    variation: float
    """The coefficient of variation: standard deviation over mean."""
    dispersion: float
    """Of the quartiles: (p75 - p25) / (p75 + p25). A few that a busy machine made late don't move it."""


@dataclass(frozen=True)
class Waits:
    """The spread of the jitter, of one key's attempts and of one office's probes."""

    keys: Spread | None
    probes: Spread | None
    jittered: bool | None
    """None when there were too few waits to tell."""


@dataclass(frozen=True)
class Crowd:
    """The most keys and offices that tried again within the same moment, by timers of their own."""

    most: int
    at: datetime | None
    neighbours: int
    """How many did so in the minute around it."""
    synchronised: bool


@dataclass(frozen=True)
class Violation:
    """A request that came before the time that a Retry-After had named."""

    office: str
    route: str
    key: str | None
    told_at: datetime
    told_until: datetime
    at: datetime
    early_by: float


@dataclass(frozen=True)
class Obedience:
    """Whether Retry-After was obeyed by the next request of the same office, whatever it was for."""

    told: int
    """Answers that asked for patience and were followed by another request."""
    obeyed: int
    share: float | None
    by_office: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Told and obeyed; those that obeyed least come first, at most a hundred."""
    earliest: Violation | None = None
    most_early_by: float = 0.0


def time_at(seconds: float) -> datetime:
    """The time so many seconds after 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def minutes(calls: Iterable[Call]) -> list[Minute]:
    """The retry rate over time; minutes without a request are left out."""
    counted: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for call in calls:
        bucket = counted[int(call.at // 60)]
        bucket[0] += 1
        bucket[1] += call.retry
        bucket[2] += call.failed
    return [Minute(time_at(minute * 60), *bucket) for minute, bucket in sorted(counted.items())]


def spread(waits: list[float]) -> Spread | None:
    """Of no waits there is none."""
    if not waits:
        return None
    ordered, mean = sorted(waits), fmean(waits)
    variation = pstdev(ordered) / mean if mean > 0 else 0.0

    def quantile(share: float) -> float:
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    lower, upper = quantile(0.25), quantile(0.75)
    return Spread(
        count=len(ordered),
        min=round(ordered[0], 6),
        p50=round(quantile(0.5), 6),
        p90=round(quantile(0.9), 6),
        max=round(ordered[-1], 6),
        mean=round(mean, 6),
        variation=round(variation, 4),
        dispersion=round((upper - lower) / (upper + lower), 4) if upper + lower > 0 else 0.0,
    )


def timed(calls: list[Call]) -> list[tuple[Call, float]]:
    """One office's further tries by a timer, each with the end of the failure before it.

    A retry that begins when the last thing the office heard was a success is not the timer's: the centre is back and
    the backlog drains. What counts is a key's next try, or a probe, begun while all that was heard last is failure.
    """
    paced = [call for call in calls if call.paced]
    ended = (call for call in paced if call.end is not None)
    ends = sorted(ended, key=lambda each: each.end or 0.0)
    failed_at: dict[str | None, float] = {}
    healthy, position, found = True, 0, []
    for call in paced:
        while position < len(ends) and _is_over(ends[position], call):
            heard = ends[position]
            healthy = heard.succeeded
            if heard.failed:
                failed_at[heard.key] = heard.end or 0.0
            position += 1
        if not healthy and call.key in failed_at and (call.key is not None or call.route == HEALTH):
            found.append((call, failed_at[call.key]))
    return found


def _is_over(earlier: Call, call: Call) -> bool:
    """Whether the one had ended when the other began; one that took no time had not before itself."""
    end = earlier.end or 0.0
    return end < call.at or (end == call.at and earlier.at < call.at)


def waits(offices: Iterable[list[Call]]) -> Waits:
    """The jitter of all offices together."""
    tries = [each for calls in offices for each in timed(calls)]
    keys = spread([call.at - before for call, before in tries if call.key is not None])
    probes = spread([call.at - before for call, before in tries if call.key is None])
    enough = [each for each in (keys, probes) if each is not None and each.count >= ENOUGH]
    jittered = all(each.dispersion >= LEAST_DISPERSION for each in enough) if enough else None
    return Waits(keys, probes, jittered)


def crowd(offices: Iterable[list[Call]], *, moment: float) -> Crowd:
    """Look through all tries by timers for the moment in which most came."""
    tries = sorted(
        ((call.at, (call.office, call.key)) for calls in offices for call, _ in timed(calls)),
        key=lambda each: each[0],
    )
    inside = _Window(tries, 0.0, moment)
    around = _Window(tries, -NEIGHBOURS, NEIGHBOURS)
    best = Crowd(0, None, 0, synchronised=False)
    for at, _ in tries:
        most, neighbours = inside.around(at), around.around(at)
        together = most >= ENOUGH and most * 2 >= neighbours
        if (together, most) > (best.synchronised, best.most):
            best = Crowd(most, time_at(at), neighbours, together)
    return best


class _Window:
    """How many different ones are between two bounds of a time that only grows."""

    def __init__(
        self, tries: list[tuple[float, tuple[str, str | None]]], before: float, after: float
    ) -> None:
        self._tries = tries
        self._before, self._after = before, after
        self._first = self._last = 0
        self._counts: Counter[tuple[str, str | None]] = Counter()

    def around(self, at: float) -> int:
        """Different ones in [at + before, at + after)."""
        while self._last < len(self._tries) and self._tries[self._last][0] < at + self._after:
            self._counts[self._tries[self._last][1]] += 1
            self._last += 1
        while self._tries[self._first][0] < at + self._before:
            who = self._tries[self._first][1]
            self._counts[who] -= 1
            if not self._counts[who]:
                del self._counts[who]
            self._first += 1
        return len(self._counts)


def obedience(offices: dict[str, list[Call]], *, moment: float) -> Obedience:
    """What begins within a moment of the answer had left before the client could read it: it is passed over.

    And a client's timer may be a moment off.
    """
    counted: dict[str, tuple[int, int]] = {}
    violations: list[Violation] = []
    for office, calls in offices.items():
        told, broken = _told(calls, moment)
        if told:
            counted[office] = (told, told - len(broken))
            violations += broken
    told = sum(each[0] for each in counted.values())
    obeyed = sum(each[1] for each in counted.values())
    worst = sorted(counted.items(), key=lambda each: each[1][1] / each[1][0])[:MOST_LISTED]
    return Obedience(
        told=told,
        obeyed=obeyed,
        share=round(obeyed / told, 4) if told else None,
        by_office=dict(worst),
        earliest=min(violations, key=lambda each: each.at, default=None),
        most_early_by=max((each.early_by for each in violations), default=0.0),
    )


def _told(calls: list[Call], moment: float) -> tuple[int, list[Violation]]:
    """How often one office was told and came again, and when it came too early."""
    asked = sorted((call.end, call.told) for call in calls if call.end is not None and call.told is not None)
    told, position, violations = 0, 0, []
    for end, until in asked:
        while position < len(calls) and calls[position].at <= end + moment:
            position += 1
        if position == len(calls):
            break
        told += 1
        early_by = until - calls[position].at
        if early_by > moment:
            violations.append(_violation(calls[position], end, until))
    return told, violations


def _violation(call: Call, end: float, until: float) -> Violation:
    return Violation(
        office=call.office,
        route=call.route,
        key=call.key,
        told_at=time_at(end),
        told_until=time_at(until),
        at=time_at(call.at),
        early_by=round(until - call.at, 6),
    )
