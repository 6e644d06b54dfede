"""Rules in the database: kept while they are on, with a word in the history for whatever is done to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from services.central_mock.faults.rules import repository
from services.central_mock.faults.rules.domain import Rule, life_left
from services.central_mock.faults.rules.live import LiveRule
from services.central_mock.faults.rules.models import FaultRule
from services.central_mock.faults.rules.repository import Action
from services.central_mock.faults.rules.schemas import RuleOrder

OFFLINE = "offline"
"""The name of the rule that `offline` sets and `online` removes."""


def rule_of(order: RuleOrder, *, name: str, number: int, since: datetime, set_by: str) -> Rule:
    """The rule that an order becomes."""
    return Rule(
        name=name,
        fault=order.fault,
        match=order.match,
        shape=order.shape,
        priority=order.priority,
        seconds=order.life.total_seconds(),
        since=since,
        set_by=set_by,
        reason=order.reason,
        number=number,
    )


def stored_rule(row: FaultRule) -> Rule:
    """The rule that a row keeps."""
    order = RuleOrder.model_validate(row.value)
    return rule_of(order, name=row.name, number=row.number, since=row.since, set_by=row.set_by)


@dataclass(frozen=True)
class Kept:
    """What a start finds of the rules that were on."""

    alive: list[tuple[Rule, float]]
    """With what is left of their lives, in seconds of the clock."""
    over: list[str]
    told: str
    """For whoever asks what a restart restored."""
    last_number: int


def read_back(rows: Sequence[FaultRule], now: datetime) -> Kept:
    """Which of the rules that were on when the process died still have life."""
    alive: list[tuple[Rule, float]] = []
    over, told = [], []
    for rule in map(stored_rule, rows):
        left = life_left(rule.since, rule.seconds, now)
        who = rule.fault.kind if rule.name == OFFLINE else f"{rule.name} ({rule.fault.kind})"
        told.append(f"{who} for another {left:.0f} s" if left > 0 else f"{who} was over")
        if left > 0:
            alive.append((rule, left))
        else:
            over.append(rule.name)
    last = max((row.number for row in rows), default=0)
    return Kept(alive, over, "; ".join(told) or "no fault was on", last)


def keep_rule(session: Session, rule: Rule, order: RuleOrder, *, replaced: bool) -> None:
    """It is on from now."""
    value = order.model_dump(mode="json", by_alias=True)
    repository.keep(
        session, name=rule.name, number=rule.number, value=value, since=rule.since, set_by=rule.set_by
    )
    repository.note(
        session,
        at=rule.since,
        by=rule.set_by,
        action=Action.REPLACED if replaced else Action.SET,
        name=rule.name,
        reason=rule.reason,
        detail=value,
    )


def forget_rules(
    session: Session, ended: Sequence[LiveRule], *, at: datetime, by: str, action: Action, why: str
) -> None:
    """They are off, each with what it came to."""
    repository.forget(session, [each.rule.name for each in ended])
    for each in ended:
        counts = {"matched": each.matched, "fired": each.fired}
        repository.note(session, at=at, by=by, action=action, name=each.rule.name, reason=why, detail=counts)
