"""Reading and writing the rules in force and their history."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.central_mock.faults.rules.models import FaultAudit, FaultRule


class Action(StrEnum):
    """What is done to rules."""

    SET = "SET"
    REPLACED = "REPLACED"
    REMOVED = "REMOVED"
    EXPIRED = "EXPIRED"
    CLEARED = "CLEARED"
    RESTORED = "RESTORED"
    SEEDED = "SEEDED"
    DESTROYED = "DESTROYED"
    """A rule made the centre lose records for good."""
    SCENARIO_STARTED = "SCENARIO_STARTED"
    SCENARIO_PAUSED = "SCENARIO_PAUSED"
    SCENARIO_RESUMED = "SCENARIO_RESUMED"
    SCENARIO_STEPPED = "SCENARIO_STEPPED"
    SCENARIO_ENDED = "SCENARIO_ENDED"


def keep(
    session: Session, *, name: str, number: int, value: dict[str, Any], since: datetime, set_by: str
) -> None:
    """Remember a rule, in place of one of its name."""
    session.merge(FaultRule(name=name, number=number, value=value, since=since, set_by=set_by))


def forget(session: Session, names: Sequence[str]) -> None:
    """These rules are off."""
    session.execute(sa.delete(FaultRule).where(col(FaultRule.name).in_(list(names))))


def kept(session: Session) -> Sequence[FaultRule]:
    """The rules that were on when the process ended, as they were set."""
    return session.exec(select(FaultRule).order_by(col(FaultRule.number))).all()


def note(
    session: Session,
    *,
    at: datetime,
    by: str,
    action: Action,
    name: str | None = None,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Write down who did what, and why."""
    session.add(
        FaultAudit(at=at, by=by[:200], action=action, name=name, reason=reason[:500], detail=detail or {})
    )


def history(session: Session, *, after: int, limit: int) -> Sequence[FaultAudit]:
    """What was done, oldest first."""
    query = select(FaultAudit).where(col(FaultAudit.id) > after).order_by(col(FaultAudit.id)).limit(limit)
    return session.exec(query).all()
