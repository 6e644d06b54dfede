"""Decisions as they are told: once and in order, unless a plan says otherwise or the record took effect twice."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from services.central_mock.centre.uniqueness.domain import Candidate
from services.central_mock.faults.meaning import repository
from services.central_mock.faults.meaning.decisions import AS_IT_IS, DecisionPlan
from shared.contracts.central import Decision

Told = dict[str, Any]


def as_told(
    session: Session, results: Sequence[tuple[Candidate, Told]], plans: Mapping[str, DecisionPlan]
) -> list[Told]:
    """The results in the order in which they are told."""
    owed = _owed(session, [record for record, _ in results])
    return [
        each
        for record, result in results
        for each in _told(result, plans.get(record.key, AS_IT_IS), owed.get(record.key, 1))
    ]


def _owed(session: Session, records: Sequence[Candidate]) -> dict[str, int]:
    """How often a decision is told of records that took effect more than once: once for each time, in all."""
    repeated = {each.key: each.applied_times for each in records if each.applied_times > 1}
    if not repeated:
        return {}
    told = repository.decisions_told(session, repeated)
    return {key: max(1, times - told.get(key, 0)) for key, times in repeated.items()}


def _told(result: Told, plan: DecisionPlan, times: int) -> list[Told]:
    told = [result] * (times * 2 if plan.twice else times)
    if plan.of_another:
        told = [result | {"key": key_of_nobody(result["key"])}, *told]
    if plan.out_of_order:
        told = [*told, _adjudication_before(result)]
    return told


def key_of_nobody(key: str) -> str:
    """A key like any other that no office has given to a record."""
    return str(uuid.UUID(bytes=hashlib.blake2b(f"nobody|{key}".encode(), digest_size=16).digest(), version=4))


def _adjudication_before(result: Told) -> Told:
    """What should have been told first."""
    return result | {
        "decision": Decision.ADJUDICATE_RECORD,
        "decided_at": result["decided_at"] - timedelta(seconds=1),
        "reason": "an expert compares the biometrics",
    }
