"""How long it takes until one's turn, said only where it can be said honestly.

From today's served tickets and the counters that work on them; the office's own expectation until there are
enough. Working minutes are turned into minutes on the wall by opening hours and breaks.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.queue_api.offices.domain import Span, after_working, minutes_left

ENOUGH_SAMPLES = 5
EXPECTED_MINUTES = 5.0
# Of one service's minutes when nothing is measured yet: 3 to 7 around 5, an hour now and then.
EXPECTED_SPREAD = 0.5
TENTH_PERCENTILE = 1.2816

STOPPED = "an outage stops this service; how long it will last is not known"
NO_COUNTER = "no counter of this office calls for this service"
NOT_TODAY = "not before this office closes today"


class ServedToday(StrEnum):
    """Whether someone will still be served today."""

    LIKELY = "LIKELY"
    UNLIKELY = "UNLIKELY"
    NO = "NO"


@dataclass(frozen=True)
class Pace:
    """How fast a line moves."""

    minutes: float
    """Of one service, on average."""
    spread: float
    counters: int


@dataclass(frozen=True)
class Forecast:
    """Minutes on the wall until one's turn; None with a reason where no honest number exists."""

    p50_minutes: float | None
    p90_minutes: float | None
    reason: str | None
    served_today: ServedToday


def pace_of(samples: Sequence[float], counters: int, expected: float) -> Pace:
    """Today's pace, or the expected one until there are enough samples (in minutes)."""
    if len(samples) < ENOUGH_SAMPLES:
        return Pace(expected, expected * EXPECTED_SPREAD, counters)
    return Pace(statistics.fmean(samples), statistics.stdev(samples), counters)


def forecast(*, ahead: int, pace: Pace, spans: Sequence[Span], now: datetime, stopped: bool) -> Forecast:
    """The wait of someone with that many people in front."""
    left = minutes_left(spans, now)
    if pace.counters == 0:
        return Forecast(None, None, NO_COUNTER, ServedToday.NO)
    middle = pace.minutes * ahead / pace.counters
    margin = TENTH_PERCENTILE * pace.spread * math.sqrt(ahead) / pace.counters
    served = _served(left, max(0.0, middle - margin), middle + margin)
    if stopped:
        surely = ServedToday.NO if served is ServedToday.NO else ServedToday.UNLIKELY
        return Forecast(None, None, STOPPED, surely)
    p50, p90 = _on_the_wall(spans, now, middle), _on_the_wall(spans, now, middle + margin)
    if p50 is None:
        return Forecast(None, None, NOT_TODAY, served)
    # a turn that may slip past closing time is then bounded by closing time itself
    return Forecast(
        p50, max(p50, _on_the_wall(spans, now, left) or p50) if p90 is None else p90, None, served
    )


def _served(left: float, early: float, late: float) -> ServedToday:
    if left <= early:
        return ServedToday.NO
    return ServedToday.LIKELY if late < left else ServedToday.UNLIKELY


def _on_the_wall(spans: Sequence[Span], now: datetime, working: float) -> float | None:
    at = after_working(spans, now, working)
    return None if at is None else round(max(0.0, (at - now).total_seconds() / 60), 1)
