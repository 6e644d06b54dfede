"""What a fault destroys: records that were acknowledged, and everything since a backup. Each tells how much."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from services.central_mock.faults.meaning import repository
from services.central_mock.faults.meaning.models import RestoredBackup

FORGOTTEN_AT_ONCE = 500

Chosen = Callable[[str, str], bool]
"""Whether a rule is about the record of this office and key."""


@dataclass(frozen=True)
class Forgetting:
    """What one look came to: records gone, by rule, and how many entries were dealt with."""

    gone: Counter[str]
    dealt_with: int


def forget_due(session: Session, *, rules_on: Collection[str], now: datetime) -> Forgetting:
    """Forget the records whose time has come; those whose rule is off stay."""
    entries = repository.forgettings(session, rules_on=rules_on, now=now, most=FORGOTTEN_AT_ONCE)
    gone = [each for each in entries if each.rule in rules_on]
    for each in entries:
        session.delete(each)
    session.flush()
    repository.delete_records(session, [each.key for each in gone])
    return Forgetting(Counter(each.rule for each in gone), len(entries))


@dataclass(frozen=True)
class Restored:
    """What is gone since the backup."""

    records: int
    decisions: int
    """Records that are still there, and wait for their decision again."""


def restore_backup(
    session: Session, *, rule: str, set_at: datetime, moment: datetime, chosen: Chosen
) -> Restored | None:
    """Go back to what was held at a moment. None when this rule, set at that time, has done so already."""
    done = session.get(RestoredBackup, rule)
    if done is not None and done.rule_set_at == set_at:
        return None
    session.merge(RestoredBackup(rule=rule, rule_set_at=set_at))
    gone = [key for key, office in repository.came_after(session, moment) if chosen(office, key)]
    repository.delete_records(session, gone)
    undecided = [key for key, office in repository.decided_after(session, moment) if chosen(office, key)]
    repository.undecide(session, undecided, moment)
    repository.give_numbers_again(session)
    return Restored(len(gone), len(undecided))
