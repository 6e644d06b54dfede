"""A rule in force as ops see it: what it counted, when it ends, and whether another leaves it nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.central_mock.faults.rules.acting import covers, leaves_nothing
from services.central_mock.faults.rules.domain import Rule
from services.central_mock.faults.rules.live import LiveRule
from services.central_mock.faults.rules.schemas import RuleState


def state_of(live: LiveRule, rules: Sequence[Rule], *, now: datetime, left: float) -> RuleState:
    """One rule among all `rules`, which are in the order in which they are asked."""
    rule = live.rule
    return RuleState(
        name=rule.name,
        fault=rule.fault,
        match=rule.match,
        shape=rule.shape,
        priority=rule.priority,
        set_by=rule.set_by,
        reason=rule.reason,
        since=rule.since,
        ends_at=now + timedelta(seconds=left),
        seconds_left=round(left, 3),
        matched=live.matched,
        drawn=live.drawn,
        fired=live.fired,
        shadowed_by=_shadow(rule, rules),
    )


def _shadow(rule: Rule, rules: Sequence[Rule]) -> str | None:
    """The first rule that leaves this one nothing, of its own stage or an earlier one."""
    for other in rules:
        if other is rule:
            return None
        if covers(other, rule) or leaves_nothing(other, rule):
            return other.name
    return None
