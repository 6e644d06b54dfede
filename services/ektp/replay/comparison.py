"""One day in both modes, side by side with what the newspaper said: the rows that table and page both show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.ektp.replay import figures
from services.ektp.replay.history import History
from services.ektp.replay.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what the report says of it, and what each played mode shows."""

    what: str
    reported: str
    played: list[str]


def compare(scenario: Scenario, histories: Sequence[History]) -> list[Row]:
    """The rows of the comparison."""
    report = scenario.report
    ends = f"{report.nothing_recorded_until:%H:%M}"
    rows: list[tuple[str, str, Callable[[History], str]]] = [
        ("numbers given out", "-", lambda h: str(len(h.tickets))),
        (
            f"recorded when the centre went ({scenario.outage.starts:%H:%M})",
            str(report.served_at_outage),
            lambda h: str(figures.recorded_by(h, h.outage_began)),
        ),
        (f"recorded from then until {ends}", "0", lambda h: str(len(_until_reported_end(scenario, h)))),
        *_issued(scenario),
        ("first recorded after the centre went", "-", _first_after),
        *_waiting(scenario),
        ("recordings per counter-hour outside the outage", "-", lambda h: _rate(h, inside=False)),
        ("recordings per counter-hour inside it", "0", lambda h: _rate(h, inside=True)),
        ("recorded by closing time", "-", lambda h: str(len(h.recorded))),
        ("went home with a voucher for their place", "-", lambda h: str(figures.sent_home(h))),
        ("waited, median of those recorded", "-", lambda h: _minutes(figures.median(figures.waits(h)))),
        ("waited, slowest tenth of them", "-", lambda h: _minutes(figures.slowest_tenth(figures.waits(h)))),
        ("largest backlog", "-", lambda h: str(figures.largest_backlog(h))),
        ("every record at the centre by", "-", _all_there),
        ("by the centre's account missing, twice", "-", _account),
    ]
    return [Row(what, reported, [show(history) for history in histories]) for what, reported, show in rows]


def _issued(scenario: Scenario) -> list[tuple[str, str, Callable[[History], str]]]:
    if not (issued := scenario.report.issued):
        return []
    return [
        (
            f"numbers out by {issued.by:%H:%M}",
            str(issued.count),
            lambda h: str(figures.issued_by(h, scenario.at(h.day, issued.by))),
        )
    ]


def _waiting(scenario: Scenario) -> list[tuple[str, str, Callable[[History], str]]]:
    if not (waiting := scenario.report.still_waiting):
        return []
    what = f"number {waiting.number} at {waiting.at:%H:%M} ({waiting.who})"
    return [(what, "waiting", lambda h: _state_at(h, waiting.number, scenario.at(h.day, waiting.at)))]


def _until_reported_end(scenario: Scenario, history: History) -> list[int]:
    until = scenario.at(history.day, scenario.report.nothing_recorded_until)
    return figures.recorded_between(history, (history.outage_began, until))


def _first_after(history: History) -> str:
    later = [record for record in history.recorded if record.recorded_at > history.outage_began]
    if not later:
        return "nobody"
    first = min(later, key=lambda record: record.recorded_at)
    return f"number {first.number} at {_clock(first.recorded_at, history)}"


def _state_at(history: History, number: int, moment: datetime) -> str:
    ticket = history.ticket(number)
    states = [state for at, state in ticket.states if at <= moment] if ticket else []
    return states[-1].lower() if states else "not seen"


def _rate(history: History, *, inside: bool) -> str:
    both = figures.inside_to_outside(history)
    return f"{both[0 if inside else 1].per_hour:.2f}"


def _minutes(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} min"


def _all_there(history: History) -> str:
    arrivals = [record.at_centre for record in history.recorded]
    known = [at for at in arrivals if at]
    if len(known) < len(arrivals):
        return f"{len(arrivals) - len(known)} not there"
    return _clock(max(known), history) if known else "-"


def _account(history: History) -> str:
    account = history.verified
    return f"{len(account.missing)}, {len(account.twice)}" if account else "not asked"


def _clock(moment: datetime, history: History) -> str:
    return f"{moment.astimezone(history.outage_began.tzinfo):%H:%M}"
