"""No event takes effect twice: each service counts what it has applied, and there are no more events than that.

Requests to send again stand outside every order and are counted apart. The count is in the process, so only of services
that were not started again; whoever was has to be believed by the tickets.
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
        if applied > len(there):
            yield Violation(
                CHECK, f"{service} has applied {applied} events; {len(there)} were published", service
            )
