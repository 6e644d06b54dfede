"""No event lies in a parking queue: nothing that clients do, and nothing that fails, is the fault of an event."""

from collections.abc import Iterator

from tests.chaos.checks.finding import Case, Violation

CHECK = "parked"


def check(case: Case) -> Iterator[Violation]:
    for queue, count in case.observed.parked.items():
        if count is None:
            yield Violation(CHECK, f"{queue} is not there", queue)
        elif count:
            yield Violation(CHECK, f"{count} events are parked in {queue}", queue)
