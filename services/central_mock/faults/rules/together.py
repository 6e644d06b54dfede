"""Rules that name nobody and go by dice and by their key's attempts: there may be a thousand, drawn in one pass.

All dice of a group are thrown in one number: each rule has a lane of 128 bits in it, wide enough for the product of two
words, so that four operations on a long number do what `mixed(request, rule) < threshold` does rule by rule.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from services.central_mock.faults.rules.attempts import History
from services.central_mock.faults.rules.domain import GOLDEN, WORD
from services.central_mock.faults.rules.live import LiveRule

FEW = 8
"""From so many on it pays to draw them together."""
LANE = 128
OVER = 1 << 64
"""The bit of a lane that is set where the dice show too much."""


def _laid_out(words: Sequence[int]) -> int:
    """One word to each lane, the first one lowest."""
    return int.from_bytes(b"".join(word.to_bytes(LANE // 8, "little") for word in words), "little")


class Lanes:
    """The dice of several rules for one request."""

    def __init__(self, rules: Sequence[LiveRule]) -> None:
        self._rules = rules
        self._each = _laid_out([1] * len(rules))
        self._low = self._each * WORD
        self._over = self._each * OVER
        self._numbers = _laid_out([each.number for each in rules])
        self._room = _laid_out([OVER - each.threshold for each in rules])
        self._certain = all(each.threshold >= OVER for each in rules)
        self._may_be_spent = any(each.rule.shape.times is not None for each in rules)

    def hits(self, number: Callable[[int], int], attempt: int) -> list[LiveRule]:
        """Those that may still act and whose dice are under their threshold; `number` is the attempt's own."""
        found = list(self._rules) if self._certain else self._thrown(number(attempt))
        return [each for each in found if not each.is_spent] if self._may_be_spent else found

    def _thrown(self, request: int) -> list[LiveRule]:
        shown = (((self._each * request) ^ self._numbers) * GOLDEN) & self._low
        under = ((shown + self._room) & self._over) ^ self._over
        found = []
        while under:
            lane = under.bit_length() // LANE
            found.append(self._rules[lane])
            under ^= OVER << (lane * LANE)
        return found[::-1]


class DrawnTogether:
    """By the moment from which they count attempts, then by the attempts that they are about."""

    def __init__(self, rules: Sequence[LiveRule]) -> None:
        self.rules = rules
        self.met = 0
        by_tick: defaultdict[int, defaultdict[tuple[int, ...], list[LiveRule]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for each in rules:
            shape = each.rule.shape
            by_tick[each.tick][shape.after, shape.first or 0, shape.every or 0].append(each)
        self._groups = [
            (tick, [(alike[0].rule.shape.allows, Lanes(alike)) for alike in shapes.values()])
            for tick, shapes in by_tick.items()
        ]

    def hits(self, history: History, number: Callable[[int], int]) -> list[LiveRule]:
        """Those that act; the others are not looked at any further."""
        self.met += 1
        found: list[LiveRule] = []
        for tick, shapes in self._groups:
            attempt = history.since(tick)
            for allows, lanes in shapes:
                if allows(attempt):
                    found += lanes.hits(number, attempt)
        return found
