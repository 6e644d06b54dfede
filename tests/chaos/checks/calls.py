"""No two counters are given the same ticket, no officer works on another's, and nobody sees another office's."""

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.checks.finding import Case, Violation
from tests.chaos.clients.history import Operation

CHECK = "calls"
AT_A_COUNTER = ("call-next", "recall", "resume")
OFFICERS_OWN = ("start", "finish", "no-show", "recall", "park")


def check(case: Case) -> Iterator[Violation]:
    given: defaultdict[tuple[str, int], list[Operation]] = defaultdict(list)
    for each in case.told(*AT_A_COUNTER):
        if each.answer:  # nobody waited
            given[each.answer["id"], each.answer["calls"]].append(each)
    for (ticket, calls), operations in given.items():
        if len({(each.who, each.about["key"]) for each in operations}) > 1:
            who = sorted({each.who for each in operations})
            yield Violation(
                CHECK, f"call {calls} of {ticket} was given to {who}", ticket, operations[-1].ended_at
            )
    for each in case.told(*OFFICERS_OWN):
        if each.answer.get("officer") not in {None, each.who}:
            yield Violation(
                CHECK,
                f"{each.who} could {each.what} a ticket of {each.answer['officer']}",
                str(each.about["ticket"]),
                each.ended_at,
            )
    for each in case.history:
        if each.what == "foreign" and each.outcome != "info" and each.status != 404:
            yield Violation(
                CHECK, f"{each.about} was answered with {each.status} to another office", "", each.ended_at
            )
