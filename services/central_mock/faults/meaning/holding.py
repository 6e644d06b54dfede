"""Keeping decisions back for a rule, and letting them go: when their time has come, or when the rule is off."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session

from services.central_mock.centre.uniqueness.domain import Candidate
from services.central_mock.faults.meaning import repository
from services.central_mock.faults.meaning.decisions import DecisionPlan
from services.central_mock.faults.meaning.models import HeldDecision

ENDED_AT_ONCE = 500
DECISIONS_HELD = "decisions_held"


def hold_back(session: Session, due: list[Candidate], plans: Mapping[str, DecisionPlan]) -> list[Candidate]:
    """Take out of the check's queue what a plan keeps back; the others that have a plan."""
    held = [each for each in due if each.key in plans and plans[each.key].holds]
    if held:
        for each in held:
            _hold(session, each, plans[each.key])
        repository.stop_waiting(session, [each.key for each in held])
        session.info[DECISIONS_HELD] = True
    return [each for each in due if each.key in plans and not plans[each.key].holds]


def _hold(session: Session, record: Candidate, plan: DecisionPlan) -> None:
    assert record.waiting_since is not None  # else it would not be due
    for hold in plan.holds:
        session.merge(
            HeldDecision(
                key=record.key,
                rule=hold.rule,
                until=hold.until,
                waiting_since=record.waiting_since,
                over=False,
            )
        )


def end_holds(session: Session, *, rules_on: Collection[str], now: datetime) -> int:
    """Let go what need not be kept back any more; how many holds were dealt with, ENDED_AT_ONCE at most."""
    ended = repository.holds_to_end(session, rules_on=rules_on, now=now, most=ENDED_AT_ONCE)
    waited = {each.key: each.waiting_since for each in ended if not each.over}
    for each in ended:
        if each.rule in rules_on:
            each.over = True
            session.add(each)
        else:
            session.delete(each)
    session.flush()
    still_held = repository.held_elsewhere(session, waited)
    repository.wait_again(session, {key: at for key, at in waited.items() if key not in still_held})
    return len(ended)
