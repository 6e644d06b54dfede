"""What rules did, in order: exported, and played again either by the same dice or firing by firing.

One JSON object a line: the recording's head with its seed, then rules as they were set and ended, and each firing.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.central_mock.faults.rules.acting import WHOLE_CENTRE
from services.central_mock.faults.rules.domain import Endpoint, Exactly, Rule, Shape, Subject
from services.central_mock.faults.rules.live import LiveRule
from services.central_mock.faults.rules.ruling import Fired
from services.central_mock.faults.rules.schemas import RuleOrder, Seed
from shared.problems import FieldError, InvalidInput

KEPT = 100_000


class How(StrEnum):
    """What a replay repeats."""

    DRAW = "DRAW"
    """The seed and the rules: the same requests meet the same faults, others are drawn as they come."""
    EXACT = "EXACT"
    """The firings: each rule acts on the recorded attempts of the recorded keys and on nothing else."""


class Recording:
    """The last things that rules did; the oldest make room, and the head says how many did."""

    def __init__(self, now: Callable[[], datetime], kept: int = KEPT) -> None:
        self._now = now
        self._lines: deque[dict[str, Any]] = deque(maxlen=kept)
        self._dropped = 0

    def fired(self, live: LiveRule, subject: Subject, fired: Fired) -> None:
        """A rule acted."""
        self._add(
            "fired",
            rule=live.rule.name,
            kind=live.rule.fault.kind.value,
            office=subject.office,
            endpoint=subject.endpoint,
            key=subject.key,
            attempt=fired.attempt,
        )

    def set(self, rule: Rule) -> None:
        """A rule came."""
        self._add("rule", rule=rule.name, order=order_of(rule).model_dump(mode="json", by_alias=True))

    def ended(self, rule: Rule, why: str) -> None:
        """A rule went."""
        self._add("ended", rule=rule.name, why=why)

    def clear(self) -> None:
        """Begin anew."""
        self._lines.clear()
        self._dropped = 0

    def _add(self, type_: str, **what: Any) -> None:
        if len(self._lines) == self._lines.maxlen:
            self._dropped += 1
        self._lines.append({"type": type_, "at": self._now().isoformat(), **what})

    def lines(self, seed: int) -> Iterator[str]:
        """The export."""
        head = {"type": "recording", "version": 1, "seed": seed, "dropped": self._dropped}
        for each in [head, *self._lines]:
            yield json.dumps(each) + "\n"


def order_of(rule: Rule) -> RuleOrder:
    """The order that makes this rule again."""
    return RuleOrder.model_validate(
        {
            "name": rule.name,
            "fault": rule.fault,
            "match": rule.match,
            "shape": rule.shape,
            "priority": rule.priority,
            "for": rule.seconds,
            "reason": rule.reason,
        }
    )


_LINE: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def read_recording(text: bytes, how: How) -> tuple[int, list[RuleOrder]]:
    """The seed and the rules that repeat it. Raises InvalidInput naming the line."""
    seed: int | None = None
    orders: dict[str, RuleOrder] = {}
    firings: dict[str, dict[Exactly, None]] = {}
    for number, line in enumerate(text.splitlines()):
        try:
            each = _LINE.validate_json(line)
            if each["type"] == "recording":
                seed = Seed(seed=each["seed"]).seed
            elif each["type"] == "rule":
                orders[each["rule"]] = RuleOrder.model_validate({**each["order"], "name": each["rule"]})
            elif each["type"] == "fired" and each["endpoint"] in set(Endpoint):
                exactly = Exactly(endpoint=each["endpoint"], key=each["key"], attempt=each["attempt"])
                firings.setdefault(each["rule"], {})[exactly] = None
        except (ValidationError, KeyError, TypeError) as error:
            raise _unreadable(number, str(error).splitlines()[0]) from error
    if seed is None:
        raise _unreadable(0, "the first line of a recording says its seed")
    if how is How.EXACT:
        return seed, [
            _exact(order, list(firings.get(name, ())))
            for name, order in orders.items()
            if name in firings or order.fault.kind in WHOLE_CENTRE
        ]
    return seed, list(orders.values())


def _exact(order: RuleOrder, firings: list[Exactly]) -> RuleOrder:
    if order.fault.kind in WHOLE_CENTRE:
        return order
    return order.model_copy(update={"shape": Shape(exactly=firings)})


def _unreadable(number: int, why: str) -> InvalidInput:
    return InvalidInput("This is no recording", errors=[FieldError(pointer=f"/{number}", detail=why)])
