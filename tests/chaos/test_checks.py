"""Each check on histories made by hand: quiet about the good ones, loud about the bad ones."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from tests.chaos.checker import judge
from tests.chaos.checks.finding import Case
from tests.chaos.clients.history import Operation
from tests.chaos.observed import Observed

OFFICE, TICKET, RECORD, CODE = "33.13.07", "t-1", "r-1", "CODE-1"
RECEIPT = {"number": "33.13.07-1", "code": CODE}
SHA = "ab" * 32
WHO = "officer-33.13.07-1"
DOWN = {"state": "DOWN", "detail": ""}
_numbers = count(1)


def done(
    what: str, answer: dict[str, Any] | None = None, *, who: str = WHO, outcome: str = "ok", **about: Any
) -> Operation:
    """One intent, after the one that was made before."""
    number = next(_numbers)
    return Operation(
        number=number, who=who, what=what, about={"office": OFFICE, "key": f"k-{number}"} | about,
        invoked_at=float(number), ended_at=number + 0.5, outcome=outcome,
        status=200 if outcome == "ok" else 409, answer=answer or {},
    )  # fmt: skip


def issued(number: str = "A001", ticket: str = TICKET, **more: Any) -> Operation:
    answer = {
        "id": ticket,
        "code": f"c-{ticket}",
        "number": number,
        "office": OFFICE,
        "service": "ENROLMENT",
        "day": "2026-11-23",
    }
    return done("issue", answer, service="ENROLMENT", **more)


def called(ticket: str = TICKET, who: str = WHO, calls: int = 1) -> Operation:
    return done("call-next", {"id": ticket, "calls": calls, "officer": who}, who=who)


def act(what: str, ticket: str = TICKET, **more: Any) -> Operation:
    return done(what, {"officer": WHO}, ticket=ticket, **more)


def completed(**more: Any) -> Operation:
    answer = {"id": RECORD, "captured_at": "2026-11-23T09:00:00Z", "receipt": RECEIPT}
    return done(
        "complete", more.pop("answer", answer), record=RECORD, ticket=TICKET, sent={"photo": SHA}, **more
    )


def event(kind: str, subject: str, sequence: int) -> dict[str, Any]:
    return {"type": kind, "subject": subject, "sequence": sequence, "id": f"{subject}/{sequence}"}


def good() -> Case:
    """A citizen's whole day, as it should be."""
    history = [
        issued(), called(), act("start"), done("draft", {"id": RECORD}, ticket=TICKET),
        done("capture", record=RECORD, modality="photo", sha256=SHA), completed(),
    ]  # fmt: skip
    ticket_events = ["issued", "called", "serving", "completed"]
    record_events = ["started", "captured", "sent", "resolved"]
    observed = Observed(
        tickets={TICKET: {"state": "DONE", "number": "A001", "office": OFFICE}},
        records={
            RECORD: {
                "id": RECORD,
                "status": "PRINT_READY_RECORD",
                "captures": [{"modality": "photo", "sha256": SHA}],
            }
        },
        listed={RECORD: "PRINT_READY_RECORD"},
        receipts={CODE: {"number": RECEIPT["number"], "at_centre_since": "2026-11-23T09:01:00Z"}},
        verified={"lost": [], "duplicated": [], "mismatched": [], "unexpected": []},
        days=[{"office": OFFICE, "issued": 1}],
        applied={"queue": 4, "enrolment": 4},
        parked={"a.parked": 0},
        ready={"queue": {"status_code": 200, "components": {"broker": {"state": "UP", "detail": ""}}}},
    )
    events = [event(f"queue.ticket.{name}.v1", TICKET, at) for at, name in enumerate(ticket_events, 1)]
    events += [event(f"enrolment.record.{name}.v1", RECORD, at) for at, name in enumerate(record_events, 1)]
    return Case(history=history, observed=observed, events=events)


def seen(case: Case, **more: Any) -> Case:
    return replace(case, observed=replace(case.observed, **more))


def with_ticket(case: Case, state: str) -> Case:
    return seen(case, tickets={TICKET: {"state": state, "number": "A001", "office": OFFICE}})


def after(case: Case, *more: Operation) -> Case:
    return replace(case, history=[*case.history, *more])


def without(case: Case, kind: str) -> Case:
    return replace(case, events=[each for each in case.events if each["type"] != kind])


def found(case: Case) -> set[str]:
    return {violation.check for violation in judge(case)}


def test_a_day_as_it_should_be_is_no_violation() -> None:
    assert judge(good()) == []


BAD = {
    "a record is lost at the centre": ("records", lambda: seen(good(), verified={"lost": [RECORD]})),
    "a record took effect twice": ("records", lambda: seen(good(), verified={"duplicated": [RECORD]})),
    "other bytes at the centre": ("records", lambda: seen(good(), verified={"mismatched": [RECORD]})),
    "a record that no office has": ("records", lambda: seen(good(), verified={"unexpected": ["r-9"]})),
    "the centre was not asked": ("records", lambda: seen(good(), verified={})),
    "a completed record is gone": ("records", lambda: seen(good(), records={})),
    "a reading is gone": (
        "records",
        lambda: seen(good(), records={RECORD: {"id": RECORD, "status": "BIO_CAPTURED", "captures": []}}),
    ),
    "a reading was forgotten on the way": (
        "records", lambda: after(good(), completed(outcome="fail", answer={"missing": ["photo"]})),
    ),
    "a record that nobody completed": (
        "records", lambda: seen(good(), listed={RECORD: "DRAFT", "r-2": "BIO_CAPTURED"}),
    ),
    "two receipts": (
        "receipts", lambda: after(good(), completed(answer={"id": RECORD, "receipt": RECEIPT | {"number": "2"}})),
    ),
    "a receipt that is not known": ("receipts", lambda: seen(good(), receipts={})),
    "a receipt that says not yet": (
        "receipts", lambda: seen(good(), receipts={CODE: {"number": RECEIPT["number"], "at_centre_since": None}}),
    ),
    "a recorded citizen is still waiting": ("tickets", lambda: with_ticket(good(), "SERVING")),
    "a no-show who was not let go": ("tickets", lambda: with_ticket(good(), "NO_SHOW")),
    "a ticket that nobody knows": ("tickets", lambda: seen(good(), tickets={TICKET: {}})),
    "a call that was given twice": ("calls", lambda: after(good(), called(who="officer-33.13.07-2"))),
    "an officer at another's ticket": (
        "calls", lambda: after(good(), done("finish", {"officer": "officer-33.13.07-2"}, ticket=TICKET)),
    ),
    "another office's token": ("calls", lambda: after(good(), done("foreign", ticket=TICKET))),
    "a number was given twice": ("numbers", lambda: after(good(), issued(ticket="t-2"))),
    "a number was left out": ("numbers", lambda: after(good(), issued("A003", ticket="t-3"))),
    "the day counts others": ("numbers", lambda: seen(good(), days=[{"office": OFFICE, "issued": 3}])),
    "an event is missing": ("events", lambda: without(good(), "queue.ticket.called.v1")),
    "a capture was never told": ("events", lambda: without(good(), "enrolment.record.captured.v1")),
    "the last event is missing": ("events", lambda: without(good(), "queue.ticket.completed.v1")),
    "two events have one number": (
        "events", lambda: replace(good(), events=[*good().events, event("queue.ticket.held.v1", TICKET, 2)]),
    ),
    "an event took effect twice": ("effects", lambda: seen(good(), applied={"queue": 5})),
    "an event is parked": ("parked", lambda: seen(good(), parked={"a.parked": 1})),
    "a process is not ready": ("ready", lambda: seen(good(), ready={"queue": {"status_code": 503}})),
    "a process is without its broker": (
        "ready",
        lambda: seen(good(), ready={"q": {"status_code": 200, "components": {"broker": DOWN}}}),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("check", "case"), BAD.values(), ids=BAD.keys())
def test_a_broken_promise_is_found(check: str, case: Any) -> None:
    assert check in found(case())


def test_whoever_got_no_answer_explains_a_number_and_a_count() -> None:
    unknown = done("issue", outcome="info", service="ENROLMENT")
    case = after(good(), unknown, issued("A003", ticket="t-3"))
    events = [*case.events, event("queue.ticket.issued.v1", "t-3", 1)]
    case = seen(replace(case, events=events), days=[{"office": OFFICE, "issued": 3}])
    assert judge(case) == []


def test_an_act_without_an_answer_may_have_been_done_or_not() -> None:
    history = [issued(), called(), act("no-show", outcome="info")]
    for state, allowed in {
        "CALLED": True,
        "NO_SHOW": True,
        "HELD": True,
        "DONE": False,
        "PARKED": False,
    }.items():
        case = with_ticket(Case(history=history, observed=Observed()), state)
        assert ("tickets" not in found(case)) is allowed, state


def test_a_repeat_of_an_event_is_no_second_event() -> None:
    assert judge(replace(good(), events=good().events * 2)) == []


def test_a_record_without_an_answer_may_be_at_the_centre() -> None:
    history = [*good().history[:-1], completed(outcome="info", answer={})]
    assert "records" not in found(replace(good(), history=history))


def test_a_ticket_that_was_recorded_twice_over_an_outage_is_done_once() -> None:
    """Held in the middle, called again elsewhere, and done by the event of the first officer's record."""
    case = good()
    again = [called(calls=2), act("start")]
    assert judge(replace(case, history=[*case.history[:-1], *again, case.history[-1]])) == []
