"""Every ticket ends in one state that its own history allows; nobody is a no-show who was not called and let go."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.checks.finding import Case, Violation
from tests.chaos.clients.history import Operation

CHECK = "tickets"
# As the contract and the glossary tell it, written down a second time on purpose.
BY_PERSONS: dict[tuple[str, str], str] = {
    ("WAITING", "call-next"): "CALLED",
    ("CALLED", "recall"): "CALLED",
    ("CALLED", "start"): "SERVING",
    ("SERVING", "finish"): "DONE",
    ("CALLED", "no-show"): "NO_SHOW",
    ("NO_SHOW", "reinstate"): "WAITING",
    ("CALLED", "park"): "PARKED",
    ("SERVING", "park"): "PARKED",
    ("PARKED", "resume"): "CALLED",
}
OPEN = ("WAITING", "CALLED", "SERVING", "HELD", "PARKED")
"""Expecting to be served today: what the end of the day makes a voucher of."""
BY_PERSONS |= {(state, "cancel"): "CANCELLED" for state in (*OPEN, "VOUCHERED")}
BY_PERSONS |= {(state, "transfer"): "TRANSFERRED" for state in (*OPEN, "VOUCHERED")}
BY_PERSONS |= {(state, "close-day"): "VOUCHERED" for state in OPEN}
BY_ITSELF = {"WAITING": {"HELD"}, "CALLED": {"HELD"}, "SERVING": {"HELD"}, "HELD": {"WAITING"}}
"""An outage holds and lets go."""
SERVED = {*OPEN, "NO_SHOW", "VOUCHERED"}
"""From these a captured record ends the ticket."""
ACTIONS = {action for _, action in BY_PERSONS}


def check(case: Case) -> Iterator[Violation]:
    done, closed = _by_ticket(case), _closings(case)
    for number, view in case.observed.tickets.items():
        if not view:
            yield Violation(CHECK, f"{number} was given and nobody knows it any more", number)
            continue
        closings = closed.get((view["office"], view["day"]), [])
        possible = _possible(done.get(number, []), closings)
        if view["state"] not in possible:
            yield Violation(
                CHECK, f"{number} ({view['number']} of {view['office']}) is {view['state']};"
                f" what was done with it leads to {sorted(possible) or 'nowhere'}", number,
            )  # fmt: skip


def _by_ticket(case: Case) -> dict[str, list[Operation]]:
    """What was done, or may have been done, with each."""
    found: defaultdict[str, list[Operation]] = defaultdict(list)
    for each in case.history:
        if each.outcome == "fail":
            continue
        ticket = each.answer.get("id") if each.what == "call-next" else each.about.get("ticket")
        if ticket and each.what in {*ACTIONS, "complete"}:
            found[ticket].append(each)
    return found


def _closings(case: Case) -> dict[tuple[str, str], list[Operation]]:
    """Who closed the day, or may have, by office and day."""
    found: defaultdict[tuple[str, str], list[Operation]] = defaultdict(list)
    for each in case.history:
        if each.what == "close-day" and each.outcome != "fail":
            found[each.about["office"], each.about["day"]].append(each)
    return found


def _possible(operations: list[Operation], closings: list[Operation]) -> set[str]:
    """All states in which the ticket may be after these, however those without an answer ended."""
    # What has no answer may be done at any time after it was meant; a day is closed at some time until the answer.
    loose = [*closings, *(each for each in operations if each.unknown)]
    told = [each for each in operations if each.ok]
    life = _Life(
        loose=loose,
        closed_at=min((each.ended_at for each in closings if each.ok), default=float("inf")),
        recorded=[each.invoked_at for each in operations if each.what == "complete"],
    )
    states = life.after([each for each in told if each.what != "complete"], {"WAITING"})
    states = _closure(states, [one.what for one in loose], may_be_recorded=bool(life.recorded))
    if life.closed_at < float("inf"):
        states -= set(OPEN)
    if any(each.what == "complete" for each in told):
        states -= SERVED  # its event has arrived long ago
    return states


@dataclass(frozen=True)
class _Life:
    """What may have happened to a ticket between the answers that are known."""

    loose: list[Operation]
    closed_at: float
    recorded: list[float]
    """When completing its record was asked for."""

    def after(self, told: list[Operation], states: set[str]) -> set[str]:
        """Each was done between its question and its answer: those that overlap may have been done in any order."""
        if not told or not states:
            return states
        first_answer = min(each.ended_at for each in told)
        found = set[str]()
        for each in told:
            if each.invoked_at <= first_answer:
                others = [one for one in told if one is not each]
                found |= self.after(others, self._done(each, states))
        return found

    def _done(self, each: Operation, states: set[str]) -> set[str]:
        maybe = [one.what for one in self.loose if one.invoked_at <= each.ended_at]
        before = _closure(states, maybe, may_be_recorded=any(at <= each.ended_at for at in self.recorded))
        if self.closed_at < each.invoked_at:
            before -= set(OPEN)
        return {BY_PERSONS[state, each.what] for state in before if (state, each.what) in BY_PERSONS}


def _closure(states: Iterable[str], loose: list[str], *, may_be_recorded: bool) -> set[str]:
    """Everything that can be reached without another answer."""
    found, fresh = set(states), list(states)
    while fresh:
        state = fresh.pop()
        reached = set(BY_ITSELF.get(state, ()))
        reached |= {BY_PERSONS[state, action] for action in loose if (state, action) in BY_PERSONS}
        if may_be_recorded and state in SERVED:
            reached.add("DONE")
        fresh += reached - found
        found |= reached
    return found
