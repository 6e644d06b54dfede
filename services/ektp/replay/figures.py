"""Numbers of one played day, computed from what its clients saw."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.ektp.replay.history import Attempt, History, Outcome

Window = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Productivity:
    """Recordings and the counter-hours in which somebody was there to be served."""

    recordings: float
    counter_hours: float

    @property
    def per_hour(self) -> float:
        """Recordings per counter-hour; 0 where no counter worked."""
        return self.recordings / self.counter_hours if self.counter_hours else 0.0


def issued_by(history: History, moment: datetime) -> int:
    """Numbers given out by then."""
    return sum(ticket.issued_at <= moment for ticket in history.tickets)


def recorded_by(history: History, moment: datetime) -> int:
    """Recordings finished by then."""
    return sum(record.recorded_at <= moment for record in history.recorded)


def at_centre_by(history: History, moment: datetime) -> int:
    """Records with the centre's receipt by then."""
    return sum(bool(record.at_centre and record.at_centre <= moment) for record in history.recorded)


def recorded_between(history: History, window: Window) -> list[int]:
    """The numbers recorded after the window's beginning and before its end, in that order."""
    begins, ends = window
    inside = [record for record in history.recorded if begins < record.recorded_at < ends]
    return [record.number for record in sorted(inside, key=lambda record: record.recorded_at)]


def productivity(history: History, windows: Iterable[Window]) -> Productivity:
    """A recording that lies partly in a window counts by that part, so that short windows are not a lottery."""
    spans = list(windows)
    working = [attempt for attempt in history.attempts if attempt.outcome is not Outcome.NOBODY]
    recordings = sum(
        _overlap(attempt, spans) / _length(attempt)
        for attempt in working
        if attempt.outcome is Outcome.RECORDED
    )
    return Productivity(recordings, sum(_overlap(attempt, spans) for attempt in working) / 3600)


def outage_windows(history: History) -> tuple[list[Window], list[Window]]:
    """The day inside the outage, and outside it."""
    begins, ends = history.outage_began, history.outage_ended
    first = min((attempt.began for attempt in history.attempts), default=begins)
    last = max((attempt.ended for attempt in history.attempts), default=ends)
    return [(begins, ends)], [(min(first, begins), begins), (ends, max(last, ends))]


def inside_to_outside(history: History) -> tuple[Productivity, Productivity]:
    """Productivity inside and outside the outage."""
    inside, outside = outage_windows(history)
    return productivity(history, inside), productivity(history, outside)


def waits(history: History) -> list[float]:
    """Minutes from taking the number to the last call, of everybody who was recorded."""
    tickets = {ticket.number: ticket for ticket in history.tickets}
    called = [tickets[record.number] for record in history.recorded if record.number in tickets]
    return [(t.called[-1][0] - t.issued_at).total_seconds() / 60 for t in called if t.called]


def median(values: list[float]) -> float | None:
    """The median, or None of nothing."""
    return statistics.median(values) if values else None


def slowest_tenth(values: list[float]) -> float | None:
    """What nine of ten stayed under, or None of too few."""
    return statistics.quantiles(values, n=10)[-1] if len(values) > 1 else None


def sent_home(history: History) -> int:
    """People with a number who were not recorded that day."""
    return len(history.tickets) - len({record.number for record in history.recorded})


def largest_backlog(history: History) -> int:
    """The most records that were on disk here and not yet at the centre."""
    return max((link.backlog for link in history.links), default=0)


def _overlap(attempt: Attempt, windows: list[Window]) -> float:
    overlaps = (
        (min(attempt.ended, ends) - max(attempt.began, begins)).total_seconds() for begins, ends in windows
    )
    return sum(max(0.0, seconds) for seconds in overlaps)


def _length(attempt: Attempt) -> float:
    return max((attempt.ended - attempt.began).total_seconds(), 0.001)
