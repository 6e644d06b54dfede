"""Each check on histories made by hand: quiet about the good ones, loud about the bad ones."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from tests.chaos.checker import judge
from tests.chaos.checks.days import PLACES
from tests.chaos.checks.finding import Case
from tests.chaos.clients.history import Operation
from tests.chaos.observed import Observed

OFFICE, DAY, TICKET, RECORD, CODE = "33.13.07", "2026-11-23", "t-1", "r-1", "CODE-1"
RECEIPT = {"number": "33.13.07-1", "code": CODE}
RECEIVED = {"id": RECORD, "captured_at": "2026-11-23T09:00:00Z", "receipt": RECEIPT}
SHA = "ab" * 32
WHO = "officer-33.13.07-1"
CLOSED_AT = "2026-11-23T12:00:00Z"
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
        "day": DAY,
    }
    return done("issue", answer, service="ENROLMENT", **more)


def called(ticket: str = TICKET, who: str = WHO, calls: int = 1) -> Operation:
    return done("call-next", {"id": ticket, "calls": calls, "officer": who}, who=who)


def act(what: str, ticket: str = TICKET, **more: Any) -> Operation:
    return done(what, {"officer": WHO}, ticket=ticket, **more)


def completed(**more: Any) -> Operation:
    return done(
        "complete", more.pop("answer", RECEIVED), record=RECORD, ticket=TICKET, sent={"photo": SHA}, **more
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
        tickets={TICKET: ticket("DONE")},
        sums=[added_up(1)],
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
        days=[counted(served=1)],
        applied={"queue": 4, "enrolment": 4},
        parked={"a.parked": 0},
        ready={"queue": {"status_code": 200, "components": {"broker": {"state": "UP", "detail": ""}}}},
    )
    events = [event(f"queue.ticket.{name}.v1", TICKET, at) for at, name in enumerate(ticket_events, 1)]
    events += [event(f"enrolment.record.{name}.v1", RECORD, at) for at, name in enumerate(record_events, 1)]
    return Case(history=history, observed=observed, events=events)


def ticket(state: str) -> dict[str, Any]:
    return {"state": state, "number": "A001", "office": OFFICE, "day": DAY}


def counted(closed_at: str | None = None, **places: int) -> dict[str, Any]:
    view = dict.fromkeys(PLACES, 0) | places
    return {"office": OFFICE, "day": DAY, "closed_at": closed_at, "issued": sum(view.values()), **view}


def added_up(acknowledged: int, **more: int) -> dict[str, Any]:
    view = {"acknowledged": acknowledged, "pending": 0, "quarantined": 0} | more
    recorded = sum(view.values())
    return {"office": OFFICE, "date": DAY, "recorded": recorded, "centre": None} | view


def day_closed(view: dict[str, Any], **more: Any) -> Operation:
    return done("close-day", view, day=DAY, **more)


def summed(view: dict[str, Any]) -> Operation:
    return done("reconcile", view, day=DAY)


def closing_after(case: Case, state: str, **places: int) -> Case:
    """The day is closed over it, and this is what became of the ticket and of the count."""
    view = counted(closed_at=CLOSED_AT, **places)
    told = event("queue.day.closed.v1", f"day:{OFFICE}:{DAY}", 1)
    case = with_ticket(after(case, day_closed(view)), state)
    return seen(replace(case, events=[*case.events, told]), days=[view])


def seen(case: Case, **more: Any) -> Case:
    return replace(case, observed=replace(case.observed, **more))


def with_ticket(case: Case, state: str) -> Case:
    return seen(case, tickets={TICKET: ticket(state)})


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
        "receipts", lambda: after(good(), completed(answer=RECEIVED | {"receipt": RECEIPT | {"number": "2"}})),
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
    "the day counts others": ("numbers", lambda: seen(good(), days=[counted(served=3)])),
    "an event is missing": ("events", lambda: without(good(), "queue.ticket.called.v1")),
    "a capture was never told": ("events", lambda: without(good(), "enrolment.record.captured.v1")),
    "the last event is missing": ("events", lambda: without(good(), "queue.ticket.completed.v1")),
    "two events have one number": (
        "events", lambda: replace(good(), events=[*good().events, event("queue.ticket.held.v1", TICKET, 2)]),
    ),
    "the end of the day was never told": ("events", lambda: after(good(), day_closed(counted(CLOSED_AT)))),
    "somebody is left in the line after the day": (
        "days", lambda: closing_after(good(), "WAITING", served=0, open=1),
    ),
    "a day that was closed is open": (
        "days", lambda: seen(closing_after(good(), "DONE", served=1), days=[counted(served=1)]),
    ),
    "a ticket is in two places of the day": ("days", lambda: seen(good(), days=[counted(served=1) | {"open": 1}])),
    "the day's end wrote a no-show": ("tickets", lambda: closing_after(good(), "NO_SHOW", no_shows=1)),
    "a sum that is wrong": ("sums", lambda: after(good(), summed(added_up(1) | {"recorded": 2}))),
    "a promised record is left out of the sum": ("sums", lambda: after(good(), summed(added_up(0)))),
    "more than anybody recorded": ("sums", lambda: after(good(), summed(added_up(2)))),
    "something is pending in the end": ("sums", lambda: seen(good(), sums=[added_up(0, pending=1)])),
    "other bytes by the last comparison": (
        "sums", lambda: seen(good(), sums=[added_up(1) | {"centre": {"mismatched": 1, "unexpected": 0}}]),
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
    case = seen(replace(case, events=events), days=[counted(served=3)])
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


def test_an_answer_that_came_late_is_of_something_done_before() -> None:
    """Seed 1088: a reinstatement whose first answer was lost; a counter called and began before the second came."""
    begun = [issued(), called(), act("no-show")]
    reinstated, again, started = act("reinstate"), called(calls=2), act("start")
    for told_at in (again.ended_at + 0.2, started.ended_at + 0.2):
        late = replace(reinstated, ended_at=told_at)
        case = Case(history=[*begun, late, again, started], observed=Observed())
        assert "tickets" not in found(with_ticket(case, "SERVING"))
        assert "tickets" in found(with_ticket(case, "NO_SHOW"))
    asked_later = replace(reinstated, invoked_at=again.ended_at + 0.1, ended_at=again.ended_at + 0.2)
    case = Case(history=[*begun, asked_later, again, started], observed=Observed())
    assert "tickets" in found(with_ticket(case, "SERVING")), (
        "a call before anybody asked for the reinstatement"
    )


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


def test_the_end_of_the_day_makes_a_voucher_of_whoever_is_not_served() -> None:
    waiting = Case(history=[issued()], observed=Observed(), events=[])
    states = {"VOUCHERED": True, "WAITING": False, "HELD": False, "NO_SHOW": False, "DONE": False}
    for state, allowed in states.items():
        assert ("tickets" not in found(closing_after(waiting, state))) is allowed, state


def test_a_record_that_comes_after_the_end_of_the_day_is_a_served_ticket() -> None:
    closed = closing_after(good(), "DONE", vouchered=1)
    assert "tickets" not in found(seen(closed, days=[counted(CLOSED_AT, served=1)]))


def test_nothing_is_done_with_a_ticket_that_became_a_voucher() -> None:
    closed = closing_after(Case(history=[issued()], observed=Observed()), "CALLED")
    assert "tickets" in found(after(closed, called()))


def test_a_number_of_another_line_goes_on_there() -> None:
    """Transferred, and from then on a ticket of that line: a number that is left out there can be nobody's."""
    before = [issued(), called()]
    moved = done(
        "transfer",
        {"id": "t-2", "code": "c-2", "number": "C002", "office": "33.13", "service": "CARD_PICKUP", "day": DAY},
        ticket=TICKET, to_office="33.13", service="CARD_PICKUP",
    )  # fmt: skip
    case = Case(history=[*before, moved], observed=Observed(tickets={TICKET: ticket("TRANSFERRED")}))
    assert "tickets" not in found(case)
    assert "numbers" in found(case)
    unknown = done("transfer", outcome="info", ticket="t-3", to_office="33.13", service="CARD_PICKUP")
    assert "numbers" not in found(after(case, unknown))
