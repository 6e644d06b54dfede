"""Rules about a day on which the office records without the centre: nothing stands still."""

from services.ektp.replay.figures import inside_to_outside, median, recorded_between
from services.ektp.replay.finding import Finding, some
from services.ektp.replay.history import History
from services.ektp.replay.scenario import Scenario

# Of the recordings per counter-hour outside the outage, so many must remain inside it.
KEPT = 0.95
# Real seconds. Medians on a machine that does other things too: a wait for the network would be seconds.
NO_LONGER, NOISE = 2.0, 0.1


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
