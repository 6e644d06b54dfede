"""Orders that make no sense, and rules that could never act beside those that are on."""

from collections.abc import Iterable

from services.central_mock.faults.rules.acting import WHOLE_CENTRE, acts_at, covers, rank, slots_of
from services.central_mock.faults.rules.domain import Direction, Rule, Shape
from services.central_mock.faults.rules.schemas import RuleOrder
from services.central_mock.faults.specs import Stage
from services.central_mock.faults.specs.meaning import Forgotten
from services.central_mock.faults.specs.socket import KeepAliveCut
from shared.problems import Conflict, FieldError, InvalidInput


class RuleNameTaken(Conflict):
    """A rule of this name is on; take it off first, or replace it with PUT."""

    type, title = "rule-name-taken", "Name taken"


class RuleCovered(Conflict):
    """The rule could never act: another one of its stage acts on everything that it matches."""

    type, title = "rule-covered", "Rule covered"


def check_order(order: RuleOrder, *, speed: float = 1.0) -> None:
    """Raise InvalidInput, naming each field, for what can't be meant while the clock runs at this speed."""
    errors = [*_whole_centre(order), *_endpoints(order), *_direction(order), *_outlived(order, speed)]
    if errors:
        raise InvalidInput(f"This {order.fault.kind} can't be set like this", errors=errors)


def _whole_centre(order: RuleOrder) -> Iterable[FieldError]:
    kind = order.fault.kind
    if kind not in WHOLE_CENTRE:
        return
    for field in ("offices", "endpoints", "keys"):
        if getattr(order.match, field):
            yield FieldError(
                pointer=f"/match/{field}",
                detail=f"{kind} is done to the listener and all connections, where no request is known yet;"
                " RESET and BLACK_HOLE take matchers",
            )
    if order.shape != Shape():
        yield FieldError(pointer="/shape", detail=f"{kind} is on or off: there is no request to count")


def _endpoints(order: RuleOrder) -> Iterable[FieldError]:
    possible = acts_at(order.fault.kind)
    for number, endpoint in enumerate(order.match.endpoints):
        if endpoint not in possible:
            yield FieldError(
                pointer=f"/match/endpoints/{number}",
                detail=f"{order.fault.kind} does not act there; it acts on {', '.join(sorted(possible))}",
            )


def _direction(order: RuleOrder) -> Iterable[FieldError]:
    direction = order.match.direction
    if direction is Direction.BOTH:
        return
    if order.fault.stage is not Stage.PACE:
        yield FieldError(pointer="/match/direction", detail="only DRIP and BANDWIDTH have a direction")
    elif not slots_of(order.fault, direction):
        yield FieldError(
            pointer="/match/direction", detail=f"nothing of this {order.fault.kind} is left in this direction"
        )


def _outlived(order: RuleOrder, speed: float) -> Iterable[FieldError]:
    """What would begin to act when its rule is over. All other faults act at once, and end early with their rule."""
    fault, life = order.fault, order.life.total_seconds()
    if isinstance(fault, Forgotten) and fault.after_seconds >= life:
        yield FieldError(
            pointer="/fault/after_seconds",
            detail=f"the rule is over after {life:g} s, and what it has not made the centre forget by then stays:"
            " it could never act; make `for` longer",
        )
    if isinstance(fault, KeepAliveCut) and fault.idle_seconds * speed >= life:
        yield FieldError(
            pointer="/fault/idle_seconds",
            detail=f"the rule is over after {life / speed:g} s of real time, before any connection has been idle"
            " for so long: it could never act; make `for` longer",
        )


def check_not_covered(rule: Rule, others: Iterable[Rule]) -> None:
    """Raise RuleCovered when a rule that ranks before this one leaves it nothing."""
    for other in others:
        if rank(other) < rank(rule) and covers(other, rule):
            raise RuleCovered(
                f"'{other.name}' ({other.fault.kind}) acts on all that '{rule.name}' matches, and goes first:"
                f" take it off, narrow its match, or give this one a priority over {other.priority}",
                other=other.name,
            )
