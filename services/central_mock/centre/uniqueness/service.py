"""Deciding what waited long enough, a batch in a transaction."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from services.central_mock.centre.uniqueness import repository
from services.central_mock.centre.uniqueness.domain import Candidate, CheckState, Verdict, decide
from services.central_mock.centre.uniqueness.schemas import UniquenessPolicy
from shared.contracts.central import Decision

BATCH = 100
RESULTS_DECIDED = "results_decided"


def decide_due(session: Session, *, policy: UniquenessPolicy, now: datetime) -> int:
    """Decide up to a batch of what is due in each state; the number decided."""
    if policy.paused:
        return 0
    long_enough = {
        CheckState.CHECKING: now - timedelta(seconds=policy.delay_seconds),
        CheckState.ADJUDICATING: now - timedelta(seconds=policy.adjudication_seconds),
    }
    waiting = [
        record
        for state, since in long_enough.items()
        for record in repository.due(session, state, since=since, at_most=BATCH)
    ]
    if not waiting:
        return 0
    decided = _decide_in_order(session, waiting, policy)
    repository.move(session, [_move(record, verdict, now) for record, verdict in decided])
    repository.append_results(session, [_result(record, verdict, now) for record, verdict in decided])
    session.info[RESULTS_DECIDED] = True
    return len(decided)


def _decide_in_order(
    session: Session, waiting: list[Candidate], policy: UniquenessPolicy
) -> list[tuple[Candidate, Verdict]]:
    """Each verdict knows those before it: of two records of one person the earlier is the unique one."""
    unique: defaultdict[str, list[Candidate]] = defaultdict(list)
    for each in repository.found_unique(session, [record.person for record in waiting]):
        unique[each.person].append(each)
    decided = []
    for record in waiting:
        verdict = decide(record, unique[record.person], adjudicate=policy.needs_expert(record.key))
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
