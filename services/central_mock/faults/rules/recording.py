"""What rules did, in order: exported, and played again either by the same dice or firing by firing.

One JSON object a line: the recording's head with its seed, then rules as they were set and ended, and each firing.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
            **fired.told,
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


@dataclass
class Played:
    """What a recording tells, read to its end."""

    seed: int | None = None
    orders: dict[str, RuleOrder] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    firings: dict[str, dict[Exactly, None]] = field(default_factory=dict)

    def read(self, line: dict[str, Any]) -> None:
        """One line more. Raises KeyError, TypeError, ValidationError."""
        if line["type"] == "recording":
            self.seed = Seed(seed=line["seed"]).seed
        elif line["type"] == "rule":
            name = line["rule"]
            self.orders[name] = RuleOrder.model_validate({**line["order"], "name": name})
            self.ended.discard(name)
        elif line["type"] == "ended":
            self.ended.add(line["rule"])
        elif line["type"] == "fired" and line["endpoint"] in set(Endpoint):
            exactly = Exactly(
                endpoint=line["endpoint"],
                key=line["key"],
                attempt=line["attempt"],
                seconds=line.get("seconds"),
            )
            self.firings.setdefault(line["rule"], {})[exactly] = None

    def exact(self) -> list[RuleOrder]:
        """Each rule that fired, on what it fired; of those done to the whole centre the ones still on."""
        return [
            _exact(order, list(self.firings.get(name, ())))
            for name, order in self.orders.items()
            if name in self.firings or (order.fault.kind in WHOLE_CENTRE and name not in self.ended)
        ]

    def as_drawn(self) -> list[RuleOrder]:
        """The rules that were on at the end; when none was, all that fired."""
        on = [order for name, order in self.orders.items() if name not in self.ended]
        return on or [order for name, order in self.orders.items() if name in self.firings]


def read_recording(text: bytes, how: How) -> tuple[int, list[RuleOrder]]:
    """The seed and the rules that repeat it. Raises InvalidInput naming the line."""
    played = Played()
    for number, line in enumerate(text.splitlines()):
        try:
            played.read(_LINE.validate_json(line))
        except (ValidationError, KeyError, TypeError) as error:
            raise _unreadable(number, str(error).splitlines()[0]) from error
    if played.seed is None:
        raise _unreadable(0, "the first line of a recording says its seed")
    return played.seed, played.exact() if how is How.EXACT else played.as_drawn()


def _exact(order: RuleOrder, firings: list[Exactly]) -> RuleOrder:
    if order.fault.kind in WHOLE_CENTRE:
        return order
    return order.model_copy(update={"shape": Shape(exactly=firings)})


def _unreadable(number: int, why: str) -> InvalidInput:
    return InvalidInput("This is no recording", errors=[FieldError(pointer=f"/{number}", detail=why)])
