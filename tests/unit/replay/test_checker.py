"""Each rule of the verdict is broken once: a rule that cannot fail says nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta

import pytest

from services.ektp.replay.checker import ALWAYS, AS_REPORTED, WITH_OFFLINE_RECORDING, check
from services.ektp.replay.finding import Rule
from services.ektp.replay.history import Attempt, BoardSeen, History, LinkSeen, Outcome, TicketSeen, Verified
from tests.unit.replay.days import short_day
from tests.unit.replay.made_up import MINUTE, good_history, moved

SCENARIO = short_day(
    report={
        "served_at_outage": 10,
        "interrupted": 11,
        "nothing_recorded_until": time(10, 3),
        "issued": {"count": 30, "by": time(9, 0)},
        "still_waiting": {"number": 25, "at": time(11, 0), "who": "somebody"},
        "waited": {"hours": 2.2, "within": 0.2, "who": "somebody else"},
    }
)
Spoil = Callable[[History], object]


def good(*, record_offline: bool) -> History:
    history = good_history(SCENARIO, record_offline=record_offline)
    history.tickets[24].states.insert(0, (history.outage_ended, "WAITING"))
    return history


def swap_first_calls(history: History) -> None:
    one, other = history.tickets[2], history.tickets[8]
    one.called[0], other.called[0] = other.called[0], one.called[0]


def set_state(number: int, state: str) -> Spoil:
    return lambda history: history.tickets[number - 1].states.append(
        (history.outage_ended + 60 * MINUTE, state)
    )


def lose_time(history: History) -> None:
    began = history.outage_began
    history.attempts.append(Attempt(1, began, began + 10 * MINUTE, Outcome.REFUSED, None))


def resume_late(history: History) -> None:
    for number in (11, 12):
        ticket = history.tickets[number - 1]
        ticket.called[-1] = (ticket.called[-1][0] + 30 * MINUTE, 1)


def never_away(history: History) -> None:
    history.links = [replace(link, state="ONLINE") for link in history.links]


def stays_away(history: History) -> None:
    history.links.pop()


def cries_wolf(history: History) -> None:
    history.links.insert(0, LinkSeen(history.outage_began - 30 * MINUTE, "OFFLINE", 0))


def account(missing: int = 0, twice: int = 0, unexpected: int = 0, asked: int | None = None) -> Spoil:
    def spoil(history: History) -> None:
        lost, doubled, strange = ([f"e{n}" for n in range(count)] for count in (missing, twice, unexpected))
        total = len(history.recorded) if asked is None else asked
        history.verified = Verified(total, lost, doubled, strange)

    return spoil


def wait_for_the_centre(history: History) -> None:
    for record in history.recorded:
        record.took = 0.5 if record.recorded_at > history.outage_began else 0.02


def come_late(history: History) -> None:
    for ticket in history.tickets:
        ticket.issued_at += timedelta(hours=2)


def board_says(mode: str, *, inside: bool) -> Spoil:
    def spoil(history: History) -> None:
        at = (history.outage_began if inside else history.outage_ended) + 20 * MINUTE
        history.boards.append(BoardSeen(at, mode, 0, 0))

    return spoil


def another_ticket(history: History) -> None:
    history.tickets.append(TicketSeen(7, "t", "c", history.outage_began))


IN_BOTH_MODES: list[tuple[str, Spoil]] = [
    ("numbers", lambda h: h.tickets.pop()),
    ("numbers", another_ticket),
    ("two counters", lambda h: h.tickets[0].called.append((h.outage_began, 2))),
    ("one receipt", lambda h: h.recorded.append(replace(h.recorded[0], receipt="R-other"))),
    ("one receipt", lambda h: h.recorded.append(replace(h.recorded[0], number=29))),
    ("order of the line", swap_first_calls),
    ("order of the line", lambda h: h.tickets[4].called.clear()),
    ("marked absent", set_state(25, "NO_SHOW")),
    ("marked absent", set_state(25, "DONE")),
    ("marked absent", set_state(1, "VOUCHERED")),
    ("keeps the place", set_state(25, "WAITING")),
    ("exactly once", account(missing=1)),
    ("exactly once", account(twice=1)),
    ("exactly once", account(unexpected=1)),
    ("exactly once", account(asked=3)),
    ("exactly once", lambda h: setattr(h, "verified", None)),
    ("arrival", lambda h: setattr(h.recorded[0], "at_centre", None)),
    ("outage noticed", never_away),
    ("outage noticed", stays_away),
    ("outage noticed", cries_wolf),
    ("board tells", board_says("NORMAL", inside=True)),
    ("board tells", board_says("PAUSED", inside=False)),
    ("board tells", lambda h: h.boards.clear()),
    ("ledger", lambda h: h.outages.clear()),
    ("ledger", lambda h: h.outages.append(h.outages[0])),
    ("ledger", lambda h: h.outages[0].update(until=None)),
    ("ledger", lambda h: h.outages[0].update(since=h.outages[0]["until"])),
]
AS_THE_OFFICES_HAD_IT: list[tuple[str, Spoil]] = [
    ("served when", lambda h: moved(h, 10, 30 * MINUTE)),
    ("nothing recorded", lambda h: moved(h, 11, -20 * MINUTE)),
    ("numbers by", lambda h: setattr(h.tickets[-1], "issued_at", h.outage_ended)),
    ("still waiting", lambda h: h.tickets[24].states.insert(1, (h.outage_ended + MINUTE, "CANCELLED"))),
    ("had waited", come_late),
    ("resumed first", resume_late),
    (
        "resumed first",
        lambda h: setattr(h, "attempts", [a for a in h.attempts if a.outcome is Outcome.RECORDED]),
    ),
]
RECORDING_OFFLINE: list[tuple[str, Spoil]] = [
    ("per counter-hour", lose_time),
    ("no longer", wait_for_the_centre),
    ("goes on first", lambda h: moved(h, 11, 20 * MINUTE)),
]


@pytest.mark.parametrize("record_offline", [False, True])
def test_a_good_day_keeps_every_rule(record_offline: bool) -> None:
    findings = check(SCENARIO, good(record_offline=record_offline))

    assert [finding for finding in findings if not finding.holds] == []


@pytest.mark.parametrize("record_offline", [False, True])
@pytest.mark.parametrize(("rule", "spoil"), IN_BOTH_MODES)
def test_a_spoiled_day_is_found(rule: str, spoil: Spoil, record_offline: bool) -> None:
    assert_found(rule, spoil, good(record_offline=record_offline))


@pytest.mark.parametrize(("rule", "spoil"), AS_THE_OFFICES_HAD_IT)
def test_a_day_unlike_the_report_is_found(rule: str, spoil: Spoil) -> None:
    assert_found(rule, spoil, good(record_offline=False))


@pytest.mark.parametrize(("rule", "spoil"), RECORDING_OFFLINE)
def test_an_office_that_stood_still_is_found(rule: str, spoil: Spoil) -> None:
    assert_found(rule, spoil, good(record_offline=True))


def test_an_office_closed_before_the_centre_is_back_shows_who_was_interrupted() -> None:
    scenario = short_day(outage={"starts": time(9, 3), "ends": time(11, 30), "mode": "HANG"})
    history = good_history(scenario, record_offline=False)

    history.attempts = [a for a in history.attempts if a.outcome is Outcome.RECORDED]

    assert any("interrupted" in f.rule and not f.holds for f in check(scenario, history))


def test_every_rule_was_spoiled_at_least_once() -> None:
    spoiled = {rule for rule, _ in IN_BOTH_MODES + AS_THE_OFFICES_HAD_IT + RECORDING_OFFLINE}
    rules: list[Rule] = [*ALWAYS, *AS_REPORTED, *WITH_OFFLINE_RECORDING]

    assert len(spoiled) == len(rules)


def assert_found(rule: str, spoil: Spoil, history: History) -> None:
    spoil(history)

    violated = [finding.rule for finding in check(SCENARIO, history) if not finding.holds]

    assert any(rule in name for name in violated), violated
