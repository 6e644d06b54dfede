"""Drawing for the records that are due, before the transaction that decides them: that may be run again."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from services.central_mock.centre.uniqueness import service as uniqueness
from services.central_mock.centre.uniqueness.domain import Candidate
from services.central_mock.faults.meaning import repository
from services.central_mock.faults.meaning.decisions import DecisionPlan, Turns, plan_decision
from services.central_mock.faults.specs.meaning import CheckOverloaded
from services.central_mock.runtime import CentreRuntime


async def plan_due(centre: CentreRuntime, now: datetime) -> dict[str, DecisionPlan] | None:
    """What goes wrong with each record that is due; None while no rule is on."""
    rules = centre.rules.rules()
    if not rules:
        return None
    overloads = [each.name for each in rules if isinstance(each.fault, CheckOverloaded)]

    def look(session: Session) -> tuple[list[Candidate], set[tuple[str, str]], Mapping[str, datetime]]:
        due = uniqueness.find_due(session, policy=centre.policy, now=now)
        turns = {name: at for name in overloads if (at := repository.last_turn(session, name)) is not None}
        return due, repository.holds_over(session, [each.key for each in due]), turns

    due, over, last = await centre.database.read(look)
    turns, kept_back = Turns(last, now), defaultdict[str, set[str]](set)
    for key, rule in over:
        kept_back[key].add(rule)
    return {
        each.key: plan_decision(
            centre.rules.ruling_for_record(office=each.office, key=each.key),
            state=each.state,
            over=kept_back[each.key],
            now=now,
            turns=turns,
        )
        for each in due
    }
