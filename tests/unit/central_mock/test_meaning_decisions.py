"""What is drawn for a decision, and how it is told then. Pure: rulings made by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.central_mock.centre.uniqueness.domain import CheckState
from services.central_mock.faults.meaning.decisions import (
    AS_IT_IS,
    DecisionPlan,
    Hold,
    Turns,
    plan_decision,
)
from services.central_mock.faults.meaning.telling import key_of_nobody
from services.central_mock.faults.rules.ruling import NOTHING, Fired, Ruling
from services.central_mock.faults.specs.kinds import Kind, Spec
from services.central_mock.faults.specs.meaning import (
    CheckOverloaded,
    ResultLate,
    ResultNever,
    ResultOfAnother,
    ResultOutOfOrder,
    ResultTwice,
)

NOW = datetime(2016, 12, 5, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

NEVER = ResultNever(kind=Kind.RESULT_NEVER)
LATE = ResultLate(kind=Kind.RESULT_LATE, seconds=60)
TWICE = ResultTwice(kind=Kind.RESULT_TWICE)
ANOTHER = ResultOfAnother(kind=Kind.RESULT_OF_ANOTHER)
DISORDERED = ResultOutOfOrder(kind=Kind.RESULT_OUT_OF_ORDER)


def overload(per_minute: float) -> CheckOverloaded:
    return CheckOverloaded(kind=Kind.CHECK_OVERLOADED, decisions_per_minute=per_minute)


class Drawn:
    """A ruling of these faults, each of a rule that has its kind's name, and what was said to have acted."""

    def __init__(self, *specs: Spec) -> None:
        self.acted: list[str] = []
        drawn = [Fired(type(spec).__name__, spec) for spec in specs]
        self.ruling = Ruling(drawn, lambda fired: self.acted.append(fired.rule))

    def plan(self, **more: Any) -> DecisionPlan:
        facts: dict[str, Any] = {
            "state": CheckState.CHECKING,
            "over": frozenset(),
            "now": NOW,
            "turns": Turns({}, NOW),
        }
        return plan_decision(self.ruling, **facts | more)


def test_what_no_rule_is_about_is_decided_as_it_is() -> None:
    plan = plan_decision(NOTHING, state=CheckState.CHECKING, over=frozenset(), now=NOW, turns=Turns({}, NOW))
    assert plan is AS_IT_IS


def test_a_decision_that_is_kept_back_draws_nothing_else_yet() -> None:
    drawn = Drawn(LATE, TWICE)
    assert drawn.plan() == DecisionPlan(holds=(Hold("ResultLate", NOW + MINUTE),))
    assert drawn.acted == ["ResultLate"]


def test_a_rule_keeps_a_record_back_once_only() -> None:
    drawn = Drawn(LATE, TWICE)
    assert drawn.plan(over={"ResultLate"}) == DecisionPlan(twice=True)
    assert drawn.acted == ["ResultTwice"]


def test_several_rules_may_keep_the_same_record_back() -> None:
    plan = Drawn(NEVER, LATE, overload(1)).plan()
    assert plan.holds == (
        Hold("ResultNever", None),
        Hold("ResultLate", NOW + MINUTE),
        Hold("CheckOverloaded", NOW + MINUTE),
    )


def test_what_an_expert_has_before_him_was_told_so_already() -> None:
    drawn = Drawn(DISORDERED, ANOTHER)
    assert drawn.plan(state=CheckState.ADJUDICATING) == DecisionPlan(of_another=True)
    assert drawn.acted == ["ResultOfAnother"]


class TestTurns:
    def test_each_record_gets_its_turn_after_the_one_before(self) -> None:
        turns = Turns({}, NOW)
        assert [turns.next("rule", 2) for _ in range(3)] == [NOW + MINUTE / 2 * n for n in (1, 2, 3)]

    def test_turns_go_on_after_those_given_before_and_not_in_the_past(self) -> None:
        assert Turns({"rule": NOW + MINUTE}, NOW).next("rule", 1) == NOW + 2 * MINUTE
        assert Turns({"rule": NOW - 10 * MINUTE}, NOW).next("rule", 1) == NOW

    def test_rules_do_not_share_their_turns(self) -> None:
        turns = Turns({}, NOW)
        assert turns.next("one", 1) == turns.next("other", 1)

    def test_at_no_decisions_a_minute_there_is_no_turn(self) -> None:
        assert Turns({}, NOW).next("rule", 0) is None


@pytest.mark.parametrize(
    "key", ["019a8f00-0000-7000-8000-000000000001", "019a8f00-0000-7000-8000-000000000002"]
)
def test_nobodys_key_looks_like_a_key_and_is_always_the_same(key: str) -> None:
    assert len(key_of_nobody(key)) == len(key)
    assert key_of_nobody(key) == key_of_nobody(key) != key
