"""No event takes effect twice: each service counts what it has applied, and there are no more events than that.

Counted in the process, so only of services that were not started again; whoever was has to be believed by the tickets.
"""

from collections.abc import Iterator

from tests.chaos.checks.finding import Case, Violation

CHECK = "effects"
TAKES = {"queue": "enrolment.", "enrolment": "queue."}
"""Each service takes all events of the other."""


def check(case: Case) -> Iterator[Violation]:
    for service, prefix in TAKES.items():
        applied = case.observed.applied.get(service)
        if applied is None:
            continue
        there = {
            (each["subject"], each["sequence"]) for each in case.events if each["type"].startswith(prefix)
        }
        # of those published before the witness listened it can only have the number; resends are outside any order
        unseen = sum(min(numbers) - 1 for numbers in _by_subject(there).values())
        outside = sum(1 for each in case.events if each["sequence"] == 0)
        if applied > len(there) + unseen + outside:
            known = f"{len(there) + unseen} were published, and {outside} resends"
            yield Violation(CHECK, f"{service} has applied {applied} events; {known}", service)


def _by_subject(events: set[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for subject, sequence in events:
        found.setdefault(subject, []).append(sequence)
    return found
