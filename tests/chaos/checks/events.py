"""Events of each subject count from 1 without gap, a repeat is the same event, and their effect is what they say."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.chaos.checks.finding import NUMBERS, Case, Violation, few

CHECK = "events"

LAST_WORD = {
    "DONE": "queue.ticket.completed.v1",
    "CANCELLED": "queue.ticket.cancelled.v1",
    "NO_SHOW": "queue.ticket.no_show.v1",
    "SERVING": "queue.ticket.serving.v1",
    "CALLED": "queue.ticket.called.v1",
    "PARKED": "queue.ticket.parked.v1",
    "HELD": "queue.ticket.held.v1",
    "VOUCHERED": "queue.ticket.vouchered.v1",
    "TRANSFERRED": "queue.ticket.transferred.v1",
}
"""What must have been told of a ticket in this state."""


def check(case: Case) -> Iterator[Violation]:
    subjects: defaultdict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for event in case.events:
        if event["sequence"] == 0:
            continue
        known = subjects[event["subject"]].setdefault(event["sequence"], event)
        if known != event:
            yield Violation(
                CHECK, f"{event['subject']} has two events {event['sequence']}: {known['type']} and {event['type']}",
                event["subject"],
            )  # fmt: skip
    for subject, events in subjects.items():
        missing = sorted(set(range(1, max(events) + 1)) - events.keys())
        if missing:
            yield Violation(
                CHECK, f"{subject}: {few(map(str, missing))} of {max(events)} were never published", subject
            )
    yield from _told(case, subjects)


def _told(case: Case, subjects: dict[str, dict[int, dict[str, Any]]]) -> Iterator[Violation]:
    """What a client was promised was told to everybody, once."""
    types = {subject: [event["type"] for event in events.values()] for subject, events in subjects.items()}
    yield from _told_of_records(case, types)
    yield from _told_of_tickets(case, types)
    for each in case.told("close-day"):
        day = f"day:{each.about['office']}:{each.about['day']}"
        if types.get(day) != ["queue.day.closed.v1"]:
            yield Violation(CHECK, f"{day} was closed, which was not told once: {types.get(day)}", day)


def _told_of_records(case: Case, types: dict[str, list[str]]) -> Iterator[Violation]:
    for record in {each.about["record"] for each in case.told("complete")}:
        told = types.get(record, [])
        times = told.count("enrolment.record.captured.v1")
        if times != 1:
            yield Violation(CHECK, f"{record} was captured, which was told {times} times", record)
        elif "enrolment.record.sent.v1" not in told:
            yield Violation(CHECK, f"{record} was sent, which was never told", record)


def _told_of_tickets(case: Case, types: dict[str, list[str]]) -> Iterator[Violation]:
    for ticket in {each.answer["id"] for each in case.told(*NUMBERS)}:
        told = types.get(ticket, [])
        if told.count("queue.ticket.issued.v1") != 1:
            yield Violation(CHECK, f"{ticket} was issued, which was not told once: {told}", ticket)
    for ticket, view in case.observed.tickets.items():
        last = LAST_WORD.get(view.get("state", ""))
        if last and last not in types.get(ticket, []):
            yield Violation(CHECK, f"{ticket} is {view['state']}, and {last} was never told", ticket)
    meant = {
        each.about["ticket"] for each in case.history if each.what == "no-show" and each.outcome != "fail"
    }
    for ticket, told in types.items():
        if "queue.ticket.no_show.v1" in told and ticket not in meant:
            yield Violation(CHECK, f"{ticket} is told to be a no-show, which nobody said", ticket)
