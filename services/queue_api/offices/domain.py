"""An office's hours: its local day, the spans it works in, and how many working minutes lie between two times."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.contracts.offices import Interval, Office


class Span(NamedTuple):
    """From one instant to a later one."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds() / 60

    def overlap(self, other: "Span") -> "Span | None":
        """What both cover, or None."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


def local_day(office: Office, at: datetime) -> date:
    """The office's date at that instant."""
    return at.astimezone(ZoneInfo(office.time_zone)).date()


def local_hour(office: Office, at: datetime) -> int:
    """The hour the office's clock on the wall shows."""
    return at.astimezone(ZoneInfo(office.time_zone)).hour


def working_spans(office: Office, day: date) -> list[Span]:
    """The day's opening hours without its breaks, in order; empty on a closed weekday."""
    hours = next((each for each in office.hours if each.weekday == day.weekday()), None)
    if hours is None:
        return []
    zone = ZoneInfo(office.time_zone)
    spans = [_on(day, hours.open, zone)]
    for pause in hours.breaks:
        spans = list(_without(spans, _on(day, pause, zone)))
    return spans


def is_open(spans: Iterable[Span], at: datetime) -> bool:
    """Whether somebody works at that instant."""
    return any(span.start <= at < span.end for span in spans)


def minutes_left(spans: Iterable[Span], at: datetime) -> float:
    """The working minutes from that instant to closing time."""
    return sum(max(0.0, (span.end - max(span.start, at)).total_seconds() / 60) for span in spans)


def after_working(spans: Sequence[Span], at: datetime, minutes: float) -> datetime | None:
    """When that many working minutes have passed, breaks and the wait for opening included; None if not today."""
    rest = minutes
    for span in spans:
        start = max(span.start, at)
        here = (span.end - start).total_seconds() / 60
        if here <= 0:
            continue
        if rest <= here:
            return start + timedelta(minutes=rest)
        rest -= here
    return None


def minutes_within(spans: Iterable[Span], what: Span) -> float:
    """How much of `what` falls into the spans."""
    overlaps = (span.overlap(what) for span in spans)
    return sum(overlap.minutes for overlap in overlaps if overlap)


def _on(day: date, interval: Interval, zone: ZoneInfo) -> Span:
    return Span(
        datetime.combine(day, interval.start, zone),
        datetime.combine(day, interval.end, zone),
    )


def _without(spans: list[Span], pause: Span) -> Iterable[Span]:
    for span in spans:
        before = span.overlap(Span(span.start, min(pause.start, span.end)))
        after = span.overlap(Span(max(pause.end, span.start), span.end))
        yield from (part for part in (before, after) if part)
