"""What goes wrong as the uniqueness check decides: when a decision is told, how often, in which order, of whom."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.central_mock.centre.uniqueness.domain import CheckState
from services.central_mock.faults.meaning.drawn import drawn
from services.central_mock.faults.rules.ruling import NOTHING, Ruling
from services.central_mock.faults.specs.meaning import (
    CheckOverloaded,
    ResultLate,
    ResultNever,
    ResultOfAnother,
    ResultOutOfOrder,
    ResultTwice,
)


@dataclass(frozen=True)
class Hold:
    """A rule that keeps a decision back."""

    rule: str
    until: datetime | None
    """None: until the rule is off."""


@dataclass(frozen=True)
class DecisionPlan:
    """What was drawn for one record; kept back, it is not decided and all else is drawn again when it is due."""

    holds: tuple[Hold, ...] = ()
    out_of_order: bool = False
    twice: bool = False
    of_another: bool = False


AS_IT_IS = DecisionPlan()


class Turns:
    """Gives the records in front of an overloaded check their turns, one after the other."""

    def __init__(self, last: Mapping[str, datetime], now: datetime) -> None:
        self._last = dict(last)
        self._now = now

    def next(self, rule: str, per_minute: float) -> datetime | None:
        """When the next record is decided; None while the rule is on, if there is no turn at all."""
        if per_minute == 0:
            return None
        after = timedelta(minutes=1 / per_minute)
        self._last[rule] = max(self._last.get(rule, self._now) + after, self._now)
        return self._last[rule]


def plan_decision(
    ruling: Ruling, *, state: CheckState, over: AbstractSet[str], now: datetime, turns: Turns
) -> DecisionPlan:
    """What happens to a record that is due; `over` are rules that have kept it back already."""
    if ruling is NOTHING:
        return AS_IT_IS
    if holds := _holds(ruling, over, now, turns):
        return DecisionPlan(holds=holds)
    return DecisionPlan(
        # one that stands before an expert was told so already
        out_of_order=state is CheckState.CHECKING and ruling.takes(ResultOutOfOrder) is not None,
        twice=ruling.takes(ResultTwice) is not None,
        of_another=ruling.takes(ResultOfAnother) is not None,
    )


def _holds(ruling: Ruling, over: AbstractSet[str], now: datetime, turns: Turns) -> tuple[Hold, ...]:
    holds = []
    if (never := drawn(ruling, ResultNever)) and never.rule not in over:
        never.acts()
        holds.append(Hold(never.rule, None))
    if (late := drawn(ruling, ResultLate)) and late.rule not in over:
        late.acts()
        holds.append(Hold(late.rule, now + timedelta(seconds=late.spec.seconds)))
    if (overload := drawn(ruling, CheckOverloaded)) and overload.rule not in over:
        overload.acts()
        turn = turns.next(overload.rule, overload.spec.decisions_per_minute)
        holds.append(Hold(overload.rule, turn))
    return tuple(holds)
