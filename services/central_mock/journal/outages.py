"""What a client does while the centre is away, and in the minute after it is back. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from services.central_mock.journal.calls import Call
from services.central_mock.journal.waits import ENOUGH, time_at

FAILURES = 3
"""So many in a row are an outage: a breaker need not open before."""
GRACE = 10.0
"""Moments that a client has for opening its breaker."""
RAMP_SECONDS = 60
SPARE = 1
"""More in flight than a slow start allows: an answer and the next request may cross."""
MOST_LISTED = 100


@dataclass(frozen=True)
class Span:
    """One outage as an office lived it. Seconds since 1970."""

    office: str
    failures: int
    opened: float
    """The third failure's end, and a grace."""
    since: float
    back: float | None
    """The end of the first success that was asked for after the outage began."""


@dataclass(frozen=True)
class Outage:
    """One outage as it is told."""

    office: str
    since: datetime
    until: datetime | None
    failures: int
    probes: int
    most_in_flight: int
    most_in_a_moment: int


@dataclass(frozen=True)
class HalfOpen:
    """How an office asked whether the centre is back. Refused connections never reach it and are not seen."""

    outages: int
    probes: int
    most_in_flight: int
    """At once, of the requests that began after the breaker should have opened."""
    most_in_a_moment: int
    """Begun within a moment: a centre that fails fast sees a crowd one after the other."""
    one_probe: bool | None
    """None when nobody probed."""
    listed: list[Outage] = field(default_factory=list)
    """The most crowded first, at most a hundred."""


@dataclass(frozen=True)
class Ramp:
    """How the backlog came when the centre was back."""

    recoveries: int
    most_in_flight: list[int]
    """In each second of the first minute, of the office that had most."""
    over_slow_start: int
    """The most in flight beyond one more than had been answered since the recovery."""
    ramped: bool | None
    """None when nothing came after a recovery."""


def spans(office: str, calls: list[Call], *, moment: float) -> list[Span]:
    """The outages of one office: three failures in a row, until a request that began after them succeeds."""
    ended = sorted((call for call in calls if call.paced and call.end is not None), key=_end)
    found: list[Span] = []
    run: list[float] = []
    for call in ended:
        if call.failed:
            run.append(_end(call))
        elif len(run) >= FAILURES:
            if call.at > run[0]:  # one that was on its way before the outage says nothing of its end
                found.append(_span(office, run, moment, _end(call)))
                run = []
        else:
            run = []
    if len(run) >= FAILURES:
        found.append(_span(office, run, moment, None))
    return found


def _span(office: str, run: list[float], moment: float, back: float | None) -> Span:
    return Span(office, len(run), run[FAILURES - 1] + GRACE * moment, run[0], back)


def _end(call: Call) -> float:
    return call.end if call.end is not None else float("inf")


def in_flight(calls: Iterable[Call]) -> list[tuple[float, int]]:
    """At each beginning and end: the time, and how many were in flight from then on."""
    changes = []
    for call in calls:
        end = _end(call)
        changes += [
            (call.at, 1, 1),
            (end, 2 if end <= call.at else 0, -1),
        ]  # an end makes room for what begins then
    level, found = 0, []
    for at, _, change in sorted(changes):
        level += change
        found.append((at, level))
    return found


def half_open(offices: dict[str, list[Call]], *, moment: float) -> HalfOpen:
    """Over all offices."""
    listed = [
        _outage(span, calls, moment)
        for office, calls in offices.items()
        for span in spans(office, calls, moment=moment)
    ]
    listed.sort(key=lambda each: (each.most_in_flight, each.most_in_a_moment), reverse=True)
    probes = sum(each.probes for each in listed)
    out = max((each.most_in_flight for each in listed), default=0)
    together = max((each.most_in_a_moment for each in listed), default=0)
    one = out <= 1 and together < ENOUGH if probes else None
    return HalfOpen(len(listed), probes, out, together, one, listed[:MOST_LISTED])


def _outage(span: Span, calls: list[Call], moment: float) -> Outage:
    back = span.back if span.back is not None else float("inf")
    probes = [call for call in calls if call.paced and span.opened < call.at < back]
    return Outage(
        office=span.office,
        since=time_at(span.since),
        until=time_at(span.back) if span.back is not None else None,
        failures=span.failures,
        probes=len(probes),
        most_in_flight=max((level for _, level in in_flight(probes)), default=0),
        most_in_a_moment=_in_a_moment([call.at for call in probes], moment),
    )


def _in_a_moment(times: list[float], moment: float) -> int:
    """The most of these times, which are in order, that lie within a moment."""
    first, most = 0, 0
    for place, at in enumerate(times):
        while at - times[first] >= moment:
            first += 1
        most = max(most, place - first + 1)
    return most


def ramp(offices: dict[str, list[Call]], *, moment: float) -> Ramp:
    """Over all offices and recoveries: the worst of each."""
    seconds = [0] * RAMP_SECONDS
    recoveries, over = 0, None
    for office, calls in offices.items():
        for span in spans(office, calls, moment=moment):
            if span.back is None:
                continue
            recoveries += 1
            drain = [
                call for call in calls if call.paced and span.opened < call.at < span.back + RAMP_SECONDS
            ]
            seconds = [max(pair) for pair in zip(seconds, _by_second(drain, span.back), strict=True)]
            beyond = _over_slow_start(drain, span.back)
            if beyond is not None:
                over = max(over or 0, beyond)
    ramped = None if over is None else over <= SPARE
    return Ramp(recoveries, seconds, over or 0, ramped)


def _by_second(drain: list[Call], back: float) -> list[int]:
    """The most in flight in each second of the first minute."""
    found = [0] * RAMP_SECONDS
    for (at, level), (until, _) in pairwise(in_flight(drain)):
        first = max(0, int(min(at - back, RAMP_SECONDS)))
        last = int(min(until - back, RAMP_SECONDS - 1)) if until > back else -1
        for second in range(first, last + 1):
            found[second] = max(found[second], level)
    return found


def _over_slow_start(drain: list[Call], back: float) -> int | None:
    """The most in flight beyond a slow start's allowance; None when nothing began after the recovery."""
    successes = sorted(_end(call) for call in drain if call.succeeded and _end(call) >= back)
    over: int | None = None
    answered = 0
    for at, level in in_flight(drain):
        while answered < len(successes) and successes[answered] <= at:
            answered += 1
        if at > back:
            over = max(over or 0, level - (1 + answered))
    return over
