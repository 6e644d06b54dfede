"""How the uniqueness check decides. The NIK's keyed hash stands for the fingers and eyes a real centre compares."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.contracts.central import Decision


class CheckState(StrEnum):
    """How far the check of a record has come."""

    CHECKING = "CHECKING"
    ADJUDICATING = "ADJUDICATING"
    DECIDED = "DECIDED"


# A lost card or a changed address belongs to a person who is known: finding them again is what is expected.
KINDS_OF_KNOWN_PEOPLE = frozenset({"REPLACEMENT_LOST", "REPLACEMENT_DAMAGED", "DATA_CHANGE"})


@dataclass(frozen=True)
class Candidate:
    """A record as the check sees it."""

    key: str
    office: str
    kind: str
    person: str
    supersedes: str | None
    state: CheckState
    waiting_since: datetime | None = None
    applied_times: int = 1


@dataclass(frozen=True)
class Verdict:
    """What the check came to, and where the record stands then."""

    decision: Decision
    reason: str
    state: CheckState


def decide(record: Candidate, unique: Iterable[Candidate], *, adjudicate: bool) -> Verdict:
    """Decide one record, given the records of the same person that were found unique before it."""
    if adjudicate and record.state is CheckState.CHECKING:
        return Verdict(
            Decision.ADJUDICATE_RECORD, "an expert compares the biometrics", CheckState.ADJUDICATING
        )
    rival = None if record.kind in KINDS_OF_KNOWN_PEOPLE else _rival(record, list(unique))
    if rival is None:
        return Verdict(Decision.PRINT_READY_RECORD, "unique", CheckState.DECIDED)
    return Verdict(Decision.DUPLICATE_RECORD, f"duplicate of {rival.key}", CheckState.DECIDED)


def _rival(record: Candidate, unique: list[Candidate]) -> Candidate | None:
    """A record that stands for the same person: not this one, not replaced, not the one this one replaces."""
    replaced = {each.supersedes for each in unique}
    for each in unique:
        if each.key not in {record.key, record.supersedes} and each.key not in replaced:
            return each
    return None


def drawn(key: str, share: float) -> bool:
    """Whether this record is among the `share` that an expert must see; the same key always gives the same answer."""
    number = int.from_bytes(hashlib.sha256(f"adjudicate|{key}".encode()).digest()[:8], "big")
    return number < share * 2**64
