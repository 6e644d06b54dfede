"""A history of the short day in which everything went right, for tests to spoil."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.ektp.replay.history import (
    Attempt,
    BoardSeen,
    History,
    LinkSeen,
    Outcome,
    Recorded,
    TicketSeen,
    Verified,
)
from services.ektp.replay.scenario import Scenario

MINUTE = timedelta(minutes=1)
SERVED_BEFORE = 10


def good_history(scenario: Scenario, *, record_offline: bool) -> History:
    """Two counters, nine minutes each: numbers 11 and 12 are at the counters when the centre goes at 09:03."""
    history = History(
        scenario=scenario.name,
        day=scenario.date,
        record_offline=record_offline,
        seed=1,
        outage_began=scenario.at(scenario.date, scenario.outage.starts),
        outage_ended=scenario.at(scenario.date, scenario.outage.ends),
    )
    opens = scenario.at(scenario.date, scenario.office_day.opens)
    for number in range(1, scenario.office_day.numbers + 1):
        history.tickets.append(TicketSeen(number, f"t{number}", f"c{number}", opens - 10 * MINUTE))
    begins = _beginnings(history, opens, record_offline)
    for number, began in enumerate(begins, start=1):
        _serve(history, number, began)
    if not record_offline:
        _interrupt(history, SERVED_BEFORE + 1, SERVED_BEFORE + 2)
    _finish_day(history, scenario)
    return history


def _beginnings(history: History, opens: datetime, record_offline: bool) -> list[datetime]:
    """Ten people in five rounds until 08:55 with the tea break, then two more, before or after the outage."""
    rounds = [opens + 9 * MINUTE * n + (10 * MINUTE if n >= 4 else timedelta()) for n in range(5)]
    then = history.outage_began - 3 * MINUTE if record_offline else history.outage_ended + MINUTE
    rounds += [then + 9 * MINUTE * n for n in range(4)]
    return [began + MINUTE / 10 * counter for began in rounds for counter in (0, 1)]


def _serve(history: History, number: int, began: datetime) -> None:
    counter, ended = 1 + (number + 1) % 2, began + 9 * MINUTE
    history.tickets[number - 1].called.append((began, counter))
    history.attempts.append(Attempt(counter, began, ended, Outcome.RECORDED, number))
    done = ended - MINUTE
    history.recorded.append(
        Recorded(number, f"e{number}", f"R{number}", counter, done, 0.02, "ACKNOWLEDGED", done + MINUTE)
    )


def _interrupt(history: History, *numbers: int) -> None:
    for number in numbers:
        began = history.outage_began - 3 * MINUTE
        history.tickets[number - 1].called.insert(0, (began, number % 2))
        history.attempts.append(
            Attempt(number % 2, began, history.outage_began + MINUTE, Outcome.INTERRUPTED, number)
        )


def _finish_day(history: History, scenario: Scenario) -> None:
    closed = scenario.at(scenario.date, scenario.office_day.closes) + MINUTE
    recorded = {record.number for record in history.recorded}
    for ticket in history.tickets:
        ticket.states.append((closed, "DONE" if ticket.number in recorded else "VOUCHERED"))
    history.links = [
        LinkSeen(history.outage_began - MINUTE, "ONLINE", 0),
        LinkSeen(history.outage_began + MINUTE, "OFFLINE", 1),
        LinkSeen(history.outage_ended + MINUTE, "ONLINE", 0),
    ]
    away = "OFFLINE_RECORDING" if history.record_offline else "PAUSED"
    history.boards = [
        BoardSeen(history.outage_began - MINUTE, "NORMAL", 3, 0),
        BoardSeen(history.outage_began + 10 * MINUTE, away, 3, 0),
        BoardSeen(history.outage_ended + 10 * MINUTE, "NORMAL", 3, 0),
    ]
    since, until = history.outage_began + MINUTE, history.outage_ended + MINUTE
    history.outages = [{"hop": "CENTRE", "since": since.isoformat(), "until": until.isoformat()}]
    history.verified = Verified(len(history.recorded), [], [], [])


def moved(history: History, number: int, by: timedelta) -> None:
    """The recording of that number was finished so much later."""
    history.recorded = [
        replace(record, recorded_at=record.recorded_at + by) if record.number == number else record
        for record in history.recorded
    ]
