"""Deciding what waited long enough, a batch in a transaction."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from services.central_mock.centre.uniqueness import repository
from services.central_mock.centre.uniqueness.domain import Candidate, CheckState, Verdict, decide
from services.central_mock.centre.uniqueness.schemas import UniquenessPolicy
from services.central_mock.faults.meaning.decisions import AS_IT_IS, DecisionPlan
from services.central_mock.faults.meaning.holding import hold_back
from services.central_mock.faults.meaning.telling import as_told
from shared.contracts.central import Decision
from shared.failpoints import fail_point

BATCH = 100
RESULTS_DECIDED = "results_decided"


Plans = Mapping[str, DecisionPlan]
"""What goes wrong with which record; one that is not in it waits for the next look."""


def find_due(session: Session, *, policy: UniquenessPolicy, now: datetime) -> list[Candidate]:
    """Up to a batch of what waited long enough in each state."""
    if policy.paused:
        return []
    long_enough = {
        CheckState.CHECKING: now - timedelta(seconds=policy.delay_seconds),
        CheckState.ADJUDICATING: now - timedelta(seconds=policy.adjudication_seconds),
    }
    return [
        record
        for state, since in long_enough.items()
        for record in repository.due(session, state, since=since, at_most=BATCH)
    ]


def decide_due(
    session: Session, *, policy: UniquenessPolicy, now: datetime, plans: Plans | None = None
) -> int:
    """Decide what is due, a batch at a time; the number dealt with."""
    due = find_due(session, policy=policy, now=now)
    waiting = due if plans is None else hold_back(session, due, plans)
    if waiting:
        decided = _decide_in_order(session, waiting, policy, plans or {})
        repository.move(session, [_move(record, verdict, now) for record, verdict in decided])
        results = [(record, _result(record, verdict, now)) for record, verdict in decided]
        repository.append_results(session, as_told(session, results, plans or {}))
        session.info[RESULTS_DECIDED] = True
        fail_point("centre.before-decision-commit")
    return len(due)


def _decide_in_order(
    session: Session, waiting: list[Candidate], policy: UniquenessPolicy, plans: Plans
) -> list[tuple[Candidate, Verdict]]:
    """Each verdict knows those before it: of two records of one person the earlier is the unique one."""
    unique: defaultdict[str, list[Candidate]] = defaultdict(list)
    for each in repository.found_unique(session, [record.person for record in waiting]):
        unique[each.person].append(each)
    decided = []
    for record in waiting:
        skips_expert = plans.get(record.key, AS_IT_IS).out_of_order
        adjudicate = policy.needs_expert(record.key) and not skips_expert
        verdict = decide(record, unique[record.person], adjudicate=adjudicate)
        if verdict.decision is Decision.PRINT_READY_RECORD:
            unique[record.person].append(record)
        decided.append((record, verdict))
    return decided


def _move(record: Candidate, verdict: Verdict, now: datetime) -> dict[str, Any]:
    return {
        "moved": record.key,
        "to_state": verdict.state,
        "to_decision": verdict.decision,
        "since": now if verdict.state is CheckState.ADJUDICATING else None,
    }


def _result(record: Candidate, verdict: Verdict, now: datetime) -> dict[str, Any]:
    return {
        "key": record.key,
        "office": record.office,
        "decision": verdict.decision,
        "decided_at": now,
        "reason": verdict.reason,
    }
