"""A day's figures, from its tickets and outages: pure counting."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from services.queue_api.offices.domain import Span, local_hour, minutes_within, working_spans
from services.queue_api.tickets.domain import OPEN, State
from shared.contracts.offices import Office, ServiceType
from shared.contracts.queue import Hop

GAVE_UP = {State.CANCELLED, State.VOUCHERED}


class TicketOfTheDay(Protocol):
    """What the figures need of a ticket."""

    service: ServiceType
    state: State
    arrived_at: datetime
    issued_at: datetime
    first_called_at: datetime | None
    ended_at: datetime | None
    was_held: bool


class OutageOfTheDay(Protocol):
    """What the figures need of an outage."""

    hop: Hop
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Figures:
    """The numbers of a day."""

    issued: int
    served: int
    recorded: int
    no_shows: int
    cancelled: int
    held: int
    vouchered: int
    transferred: int
    open: int
    left_during_an_outage: int
    waited_p50_minutes: float | None
    waited_p90_minutes: float | None
    long_waits: int
    issued_by_hour: dict[int, int]
    waiting_by_hour: dict[int, int]
    """How many were in line when that hour ended: another number than what was issued by then."""
    outage_minutes: dict[Hop, float]
    outage_minutes_in_all: float
    target: int
    target_without_outages: int
    """The target for the minutes in which the office could work."""


def figures(
    office: Office,
    day: date,
    *,
    tickets: Sequence[TicketOfTheDay],
    outages: Sequence[OutageOfTheDay],
    now: datetime,
) -> Figures:
    """Count the day as it stands at `now`."""
    states = Counter(ticket.state for ticket in tickets)
    out = [(outage.hop, Span(outage.since, outage.until or max(now, outage.since))) for outage in outages]
    waits = sorted(minutes for ticket in tickets if (minutes := _waited(ticket)) is not None)
    spans = working_spans(office, day)
    lost = lost_minutes(spans, [span for _, span in out])
    return Figures(
        issued=len(tickets),
        served=states[State.DONE],
        recorded=sum(t.state is State.DONE and t.service is ServiceType.ENROLMENT for t in tickets),
        no_shows=states[State.NO_SHOW],
        cancelled=states[State.CANCELLED],
        held=sum(ticket.was_held for ticket in tickets),
        vouchered=states[State.VOUCHERED],
        transferred=states[State.TRANSFERRED],
        open=sum(states[state] for state in OPEN),
        left_during_an_outage=sum(_left_during(ticket, [span for _, span in out]) for ticket in tickets),
        waited_p50_minutes=percentile(waits, 0.5),
        waited_p90_minutes=percentile(waits, 0.9),
        long_waits=sum(minutes > office.policies.long_wait_minutes for minutes in waits),
        issued_by_hour=dict(sorted(Counter(local_hour(office, t.issued_at) for t in tickets).items())),
        waiting_by_hour=_waiting_by_hour(office, day, tickets, now),
        outage_minutes={
            hop: round(lost_minutes(spans, [span for of, span in out if of is hop]), 1)
            for hop in Hop
            if any(of is hop for of, _ in out)
        },
        outage_minutes_in_all=round(lost, 1),
        target=office.daily_target,
        target_without_outages=_fair_target(office.daily_target, spans, lost),
    )


def lost_minutes(spans: Sequence[Span], outages: Iterable[Span]) -> float:
    """Working minutes within any of the outages; two at once count once."""
    lost, reached = 0.0, None
    for outage in sorted(outages):
        start = outage.start if reached is None else max(outage.start, reached)
        if start < outage.end:
            lost += minutes_within(spans, Span(start, outage.end))
            reached = outage.end
    return lost


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of ordered minutes; None of nothing."""
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


def _waited(ticket: TicketOfTheDay) -> float | None:
    """Minutes from the arrival to the first call."""
    if ticket.first_called_at is None:
        return None
    return (ticket.first_called_at - ticket.arrived_at).total_seconds() / 60


def _waiting_by_hour(
    office: Office, day: date, tickets: Sequence[TicketOfTheDay], now: datetime
) -> dict[int, int]:
    """From the first number's hour to the last thing that happened, an hour that still runs as it is now."""
    if not tickets:
        return {}
    zone = ZoneInfo(office.time_zone)
    last = max(ticket.ended_at or ticket.first_called_at or ticket.issued_at for ticket in tickets)
    last = min(last, datetime.combine(day, time.max, zone))  # a day can be closed on the next
    line: dict[int, int] = {}
    for hour in range(local_hour(office, min(t.issued_at for t in tickets)), local_hour(office, last) + 1):
        ends = datetime.combine(day, time(hour), zone) + timedelta(hours=1)
        line[hour] = sum(_in_line_at(ticket, min(ends, now)) for ticket in tickets)
    return line


def _in_line_at(ticket: TicketOfTheDay, at: datetime) -> bool:
    gone = [moment for moment in (ticket.first_called_at, ticket.ended_at) if moment is not None]
    return ticket.issued_at <= at and all(moment > at for moment in gone)


def _left_during(ticket: TicketOfTheDay, outages: Iterable[Span]) -> bool:
    at = ticket.ended_at
    return ticket.state in GAVE_UP and at is not None and any(o.start <= at <= o.end for o in outages)


def _fair_target(target: int, spans: Iterable[Span], lost: float) -> int:
    whole = sum(span.minutes for span in spans)
    return target if not whole else round(target * max(0.0, whole - lost) / whole)
