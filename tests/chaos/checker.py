"""The checker: judges a run by what clients were promised, and knows nothing of how it was kept.

It reads histories, the services' public answers, the centre's `verify` and the events on the broker. It imports
nothing of the services; their rules that it needs are written down a second time, from the contract.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.chaos.checks import (
    calls,
    days,
    effects,
    events,
    numbers,
    parked,
    ready,
    receipts,
    records,
    sums,
    tickets,
)
from tests.chaos.checks.finding import Case, Violation
from tests.chaos.clients.history import read_history
from tests.chaos.observed import Observed
from tests.chaos.tap import read_events

CHECKS: tuple[Callable[[Case], Iterator[Violation]], ...] = (
    records.check, receipts.check, tickets.check, calls.check, numbers.check, events.check, effects.check,
    parked.check, ready.check, days.check, sums.check,
)  # fmt: skip


def judge(case: Case) -> list[Violation]:
    """Every promise that was not kept."""
    return [violation for check in CHECKS for violation in check(case)]


def case_of(home: Path, observed: Observed) -> Case:
    """What a run has left in its folder, with what was seen at its end."""
    return Case(
        history=read_history(home / "history.ndjson"),
        observed=observed,
        events=read_events(home / "events.ndjson"),
    )
