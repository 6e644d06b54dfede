"""The verdict on a played day. It knows what the clients saw and the centre's own account, and nothing else.

Each rule gives a finding whether it holds or not, so that the report shows what was looked at. A rule that could
not fail would say nothing: the tests plant a violation of every one of them.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.ektp.replay.figures import (
    inside_to_outside,
    issued_by,
    median,
    recorded_between,
    recorded_by,
)
from services.ektp.replay.history import History, Outcome
from services.ektp.replay.scenario import Scenario

# Of the recordings per counter-hour outside the outage, so many must remain inside it.
KEPT = 0.95
# Real seconds. Medians on a machine that does other things too: a wait for the network would be seconds.
NO_LONGER, NOISE = 2.0, 0.1
# How long an outage may last before the office's screens say so, and its end likewise.
NOTICED_WITHIN = timedelta(minutes=5)
WENT_HOME = {"VOUCHERED"}
STILL_IN_LINE = {"WAITING", "HELD"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule wanted and what it saw."""

    rule: str
    holds: bool
    saw: str


Rule = Callable[[Scenario, History], Finding | None]


def check(scenario: Scenario, history: History) -> list[Finding]:
    """What every rule of this mode finds."""
    rules = ALWAYS + (WITH_OFFLINE_RECORDING if history.record_offline else AS_REPORTED)
    return [finding for rule in rules if (finding := rule(scenario, history))]


def some(numbers: list[int]) -> str:
    """A few numbers for a person to read."""
    shown = ", ".join(str(number) for number in numbers[:6])
    return f"{shown} and {len(numbers) - 6} more" if len(numbers) > 6 else shown or "none"


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


def all_at_centre(scenario: Scenario, history: History) -> Finding:
    """Every receipt's record is at the centre exactly once, by the centre's own account."""
    account, recorded = history.verified, len(history.recorded)
    if account is None:
        return Finding("every record at the centre exactly once", False, "the centre was not asked")
    missing, twice, strange = len(account.missing), len(account.twice), len(account.unexpected)
    saw = f"{recorded} recorded, {missing} missing, {twice} twice, {strange} unexpected"
    holds = account.asked == recorded and recorded > 0 and not (missing or twice or strange)
    return Finding("every record at the centre exactly once", holds, saw)


def known_as_delivered(scenario: Scenario, history: History) -> Finding:
    """The office knows of each record that it arrived."""
    waiting = [record.number for record in history.recorded if record.at_centre is None]
    return Finding("the office knows each record's arrival", not waiting, f"not known: {some(waiting)}")


def outage_noticed(scenario: Scenario, history: History) -> Finding:
    """The outage opens and closes by itself, close to when it was."""
    begins, ends = history.outage_began, history.outage_ended
    away = [link.at for link in history.links if link.state != "ONLINE" and link.at >= begins]
    back = [link.at for link in history.links if link.state == "ONLINE" and link.at >= ends]
    early = [link.at for link in history.links if link.state == "OFFLINE" and link.at < begins]
    opened = bool(away) and away[0] - begins <= NOTICED_WITHIN and not early
    closed = bool(back) and back[0] - ends <= NOTICED_WITHIN
    zone = begins.tzinfo
    seen_away = f"{away[0].astimezone(zone):%H:%M}" if away else "never"
    seen_back = f"{back[0].astimezone(zone):%H:%M}" if back else "never"
    saw = f"{seen_away} to {seen_back}"
    return Finding("the outage noticed and its end, by itself", opened and closed, saw)


def board_tells(scenario: Scenario, history: History) -> Finding:
    """The waiting room's board says what can be done, from soon after the beginning until soon after the end."""
    begins, ends = history.outage_began + NOTICED_WITHIN, history.outage_ended
    away = "OFFLINE_RECORDING" if history.record_offline else "PAUSED"
    inside = {seen.mode for seen in history.boards if begins <= seen.at < ends}
    outside = {
        seen.mode
        for seen in history.boards
        if seen.at < history.outage_began or seen.at > ends + NOTICED_WITHIN
    }
    saw = (
        f"{', '.join(sorted(inside)) or 'nothing'} inside, {', '.join(sorted(outside)) or 'nothing'} outside"
    )
    return Finding("the board tells how it is", inside == {away} and outside == {"NORMAL"}, saw)


def ledger_tells(scenario: Scenario, history: History) -> Finding:
    """The ledger has this one outage of the day, opened and closed to the minutes in which it was noticed."""
    outages = [outage for outage in history.outages if _of_the_day(outage, history)]
    saw = "; ".join(_told(outage, history) for outage in outages) or "no outage"
    exact = [
        abs(datetime.fromisoformat(outage["since"]) - history.outage_began) <= NOTICED_WITHIN
        and outage["until"] is not None
        and abs(datetime.fromisoformat(outage["until"]) - history.outage_ended) <= NOTICED_WITHIN
        for outage in outages
    ]
    return Finding("the ledger has the outage, from beginning to end", exact == [True], saw)


def _of_the_day(outage: dict[str, Any], history: History) -> bool:
    zone = history.outage_began.tzinfo
    return datetime.fromisoformat(outage["since"]).astimezone(zone).date() == history.day


def _told(outage: dict[str, Any], history: History) -> str:
    zone = history.outage_began.tzinfo
    times = [outage["since"], outage["until"]]
    shown = [f"{datetime.fromisoformat(at).astimezone(zone):%H:%M}" if at else "now" for at in times]
    return f"{outage['hop'].lower()} {shown[0]} to {shown[1]}"


def work_goes_on(scenario: Scenario, history: History) -> Finding:
    """Recordings per counter-hour inside the outage are nearly those outside it."""
    inside, outside = inside_to_outside(history)
    kept = inside.per_hour / outside.per_hour if outside.per_hour else 0.0
    saw = f"{inside.per_hour:.2f} inside, {outside.per_hour:.2f} outside: {kept:.1%}"
    return Finding(f"recordings per counter-hour in the outage at least {KEPT:.0%}", kept >= KEPT, saw)


def receipts_do_not_wait(scenario: Scenario, history: History) -> Finding:
    """In real seconds, a receipt takes no longer while the centre is away: the day's clock cannot hide it."""
    inside = [r.took for r in history.recorded if history.outage_began < r.recorded_at < history.outage_ended]
    outside = [
        r.took for r in history.recorded if not history.outage_began < r.recorded_at < history.outage_ended
    ]
    away, near = median(inside), median(outside)
    rule = "a receipt takes no longer while the centre is away"
    if away is None or near is None:
        return Finding(rule, False, "nothing to compare")
    saw = f"{away * 1000:.0f} ms in the outage, {near * 1000:.0f} ms outside it, medians of real time"
    return Finding(rule, away <= NO_LONGER * near + NOISE, saw)


def next_is_the_interrupted(scenario: Scenario, history: History) -> Finding:
    """The one on whom the outage fell is the first to be recorded after it fell."""
    wanted = scenario.report.interrupted
    # several counters were at work: those who sat down together get up in any order
    first = recorded_between(history, (history.outage_began, history.outage_ended))[
        : scenario.office_day.counters
    ]
    return Finding(f"number {wanted} goes on first", wanted in first, f"first in the outage: {some(first)}")


def served_when_it_went(scenario: Scenario, history: History) -> Finding:
    """As many were served as the report counts."""
    saw = recorded_by(history, history.outage_began)
    wanted = scenario.report.served_at_outage
    return Finding(f"{wanted} served when the centre went", saw == wanted, str(saw))


def nothing_recorded(scenario: Scenario, history: History) -> Finding:
    """Nobody was recorded until the report's hour."""
    until = scenario.at(history.day, scenario.report.nothing_recorded_until)
    numbers = recorded_between(history, (history.outage_began, until))
    return Finding(f"nothing recorded until {until:%H:%M}", not numbers, some(numbers))


def numbers_out(scenario: Scenario, history: History) -> Finding | None:
    """As many numbers were out as the report counts."""
    if not (issued := scenario.report.issued):
        return None
    saw = issued_by(history, scenario.at(history.day, issued.by))
    return Finding(f"{issued.count} numbers by {issued.by:%H:%M}", saw == issued.count, str(saw))


def still_waits(scenario: Scenario, history: History) -> Finding | None:
    """The report's person is still in the line."""
    if not (waiting := scenario.report.still_waiting):
        return None
    ticket = history.ticket(waiting.number)
    until = scenario.at(history.day, waiting.at)
    states = [state for at, state in ticket.states if at <= until] if ticket else []
    saw = states[-1] if states else "not seen"
    return Finding(f"number {waiting.number} still waiting at {waiting.at:%H:%M}", saw in STILL_IN_LINE, saw)


def waited_long(scenario: Scenario, history: History) -> Finding | None:
    """Somebody served right after the outage had waited as long as the report says."""
    if not (waited := scenario.report.waited):
        return None
    served = {t.number: t for t in history.tickets if any(at >= history.outage_ended for at, _ in t.called)}
    first = sorted(served.values(), key=lambda t: t.called[-1][0])[: 3 * scenario.office_day.counters]
    hours = [(t.called[-1][0] - t.issued_at).total_seconds() / 3600 for t in first]
    saw = f"{min(hours):.1f} to {max(hours):.1f} h" if hours else "nobody"
    rule = f"somebody served after it had waited {waited.hours:g} h, give or take {waited.within:g}"
    return Finding(rule, any(abs(h - waited.hours) <= waited.within for h in hours), saw)


def interrupted_resume_first(scenario: Scenario, history: History) -> Finding | None:
    """If the centre came back that day, the interrupted are called again before everybody else."""
    interrupted = {a.number for a in history.attempts if a.outcome is Outcome.INTERRUPTED and a.number}
    rule = f"number {scenario.report.interrupted} interrupted"
    if history.outage_ended >= scenario.at(history.day, scenario.office_day.closes):
        return Finding(rule, scenario.report.interrupted in interrupted, some(sorted(interrupted)))
    calls = sorted(
        (at, t.number) for t in history.tickets for at, _ in t.called if at >= history.outage_ended
    )
    first = [number for _, number in calls[: len(interrupted)]]
    holds = bool(interrupted) and set(first) == interrupted and scenario.report.interrupted in interrupted
    saw = f"first called after it: {some(first)}"
    return Finding(f"{rule}, and the interrupted resumed first", holds, saw)


ALWAYS: list[Rule] = [
    everybody_came,
    each_called_once,
    each_recorded_once,
    line_kept,
    nobody_falsified,
    places_kept,
    all_at_centre,
    known_as_delivered,
    outage_noticed,
    board_tells,
    ledger_tells,
]
AS_REPORTED: list[Rule] = [
    served_when_it_went,
    nothing_recorded,
    numbers_out,
    still_waits,
    waited_long,
    interrupted_resume_first,
]
WITH_OFFLINE_RECORDING: list[Rule] = [work_goes_on, receipts_do_not_wait, next_is_the_interrupted]
