"""Rules about the line: numbers, calls, places, and that nobody's day is falsified."""

from collections import Counter

from services.ektp.replay.finding import Finding, some
from services.ektp.replay.history import History, Outcome
from services.ektp.replay.scenario import Scenario

WENT_HOME = {"VOUCHERED"}


def everybody_came(scenario: Scenario, history: History) -> Finding:
    """Numbers run from 1 without a gap, in the order of coming, and everybody got one."""
    numbers = [ticket.number for ticket in history.tickets]
    wanted = list(range(1, scenario.office_day.numbers + 1))
    disorder = "" if numbers == sorted(set(numbers)) else ", not in order"
    saw = f"{len(numbers)} of {len(wanted)} numbers{disorder}"
    return Finding("numbers without gaps, in the order of coming", numbers == wanted, saw)


def each_called_once(scenario: Scenario, history: History) -> Finding:
    """No ticket is at two counters: one recording each, and called again only after an interruption."""
    interrupted = Counter(a.number for a in history.attempts if a.outcome is Outcome.INTERRUPTED)
    wrong = [t.number for t in history.tickets if len(t.called) > 1 + interrupted[t.number]]
    return Finding("no ticket called by two counters", not wrong, some(wrong))


def each_recorded_once(scenario: Scenario, history: History) -> Finding:
    """Nobody holds two receipts and no receipt is held by two."""
    people = Counter(record.number for record in history.recorded)
    receipts = Counter(record.receipt for record in history.recorded)
    twice = [n for n, times in people.items() if times > 1]
    shared = sum(times > 1 for times in receipts.values())
    saw = f"{len(people)} people, {len(receipts)} receipts"
    return Finding("one receipt for everybody recorded", not twice and not shared, saw)


def line_kept(scenario: Scenario, history: History) -> Finding:
    """First calls go by number."""
    first = sorted((t.called[0][0], t.number) for t in history.tickets if t.called)
    numbers = [number for _, number in first]
    # counters call side by side, so what their answers overtook by a moment is no jump in the line
    jumped = [n for place, n in enumerate(numbers, start=1) if abs(n - place) >= scenario.office_day.counters]
    missed = sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers))
    saw = f"out of line: {some(jumped + missed)}"
    return Finding("called in the order of the line", not jumped and not missed, saw)


def nobody_falsified(scenario: Scenario, history: History) -> Finding:
    """NO_SHOW only for who was called, DONE only and always for who was recorded."""
    recorded = {record.number for record in history.recorded}
    absent = [t.number for t in history.tickets if t.final == "NO_SHOW" and not t.called]
    done = [t.number for t in history.tickets if (t.final == "DONE") != (t.number in recorded)]
    saw = f"absent uncalled: {some(absent)}; done and recorded differ: {some(done)}"
    return Finding("nobody marked absent uncalled, or done unserved", not absent and not done, saw)


def places_kept(scenario: Scenario, history: History) -> Finding:
    """Who was not served goes home with a voucher for the place."""
    recorded = {record.number for record in history.recorded}
    left = [ticket for ticket in history.tickets if ticket.number not in recorded]
    wrong = [ticket.number for ticket in left if ticket.final not in WENT_HOME]
    saw = f"{len(left)} not served, without a voucher: {some(wrong)}"
    return Finding("everybody not served keeps the place by a voucher", not wrong, saw)
