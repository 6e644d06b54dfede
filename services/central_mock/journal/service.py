"""`verify`: the centre's own account of a belief."""

from collections.abc import Set as AbstractSet
from typing import Any

from sqlmodel import Session

from services.central_mock.journal import repository
from services.central_mock.journal.domain import Entry, Outcome
from services.central_mock.journal.journal import Journal
from services.central_mock.journal.schemas import BelievedRecord, Verification, VerifyRequest


def verify(session: Session, *, request: VerifyRequest, troubled: AbstractSet[str]) -> Verification:
    """Compare; `troubled` are keys of which an attempt went wrong."""
    believed = {each.key: each for each in request.believed()}
    held = repository.facts_of(session, believed)
    around = repository.facts_in(session, office=request.office, since=request.since, until=request.until)
    lost = [key for key in believed if key not in held]
    mismatched = [key for key, fact in held.items() if not _as_believed(believed[key], fact)]
    unexpected = [key for key in around if key not in believed]
    duplicated = [key for key, fact in {**around, **held}.items() if fact.applied_times > 1]
    return Verification(
        ok=not (lost or mismatched or unexpected or duplicated),
        expected=len(believed),
        at_centre=len(held),
        lost=lost,
        duplicated=duplicated,
        unexpected=unexpected,
        mismatched=mismatched,
        recovered=sorted(troubled & held.keys()),
    )


def _as_believed(belief: BelievedRecord, fact: Any) -> bool:
    return belief.sha256 in {None, fact.packet_sha256} and belief.office in {None, fact.office}


def troubled_keys(journal: Journal) -> set[str]:
    """Keys with an attempt that a fault touched or whose answer did not go out whole, as far back as is kept."""
    return {each.key for each in journal.after(0, _in_trouble) if each.key is not None}


def _in_trouble(entry: Entry) -> bool:
    return (
        entry.key is not None
        and entry.finished
        and (entry.fault is not None or not entry.acknowledged or entry.outcome is Outcome.NOT_WHOLE)
    )
