"""Rules about a day as the offices had it: the newspaper's figures must come out."""

from services.ektp.replay.figures import issued_by, recorded_between, recorded_by
from services.ektp.replay.finding import Finding, some
from services.ektp.replay.history import History, Outcome
from services.ektp.replay.scenario import Scenario

STILL_IN_LINE = {"WAITING", "HELD"}


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
