"""Rules that meet the same requests and go by dice and by counts: there may be a thousand, drawn in one pass.

All dice of a group are thrown in one number: each rule has a lane of 128 bits in it, wide enough for the product of two
words, so that four operations on a long number do what `mixed(request, rule) < threshold` does rule by rule.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from services.central_mock.faults.rules.attempts import History
from services.central_mock.faults.rules.domain import GOLDEN, WORD, Per
from services.central_mock.faults.rules.live import LiveRule, Tally

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


class Turns:
    """Rules that count from the same tick: at which numbers `Shape.allows` lets them act, for a quick look at many."""

    def __init__(self, rules: Sequence[LiveRule]) -> None:
        alike: defaultdict[tuple[int, float, int], list[LiveRule]] = defaultdict(list)
        for each in rules:
            shape = each.rule.shape
            after = shape.after - (each.apart if shape.per is Per.RULE else 0)
            last = math.inf if shape.first is None else after + shape.first
            alike[after, last, shape.every or 1].append(each)
        self._turns = [(*turn, Lanes(each)) for turn, each in alike.items()]

    def at(self, number: int) -> list[Lanes]:
        """Those whose turn it is at an attempt, or at their tally's count."""
        return [
            lanes
            for after, last, every, lanes in self._turns
            if after < number <= last and not (number - after) % every
        ]


class Group:
    """Rules whose attempts of a key are the same."""

    def __init__(self, rules: Sequence[LiveRule]) -> None:
        self._by_attempt = Turns([each for each in rules if each.rule.shape.per is Per.KEY])
        self._by_count = Turns([each for each in rules if each.rule.shape.per is Per.RULE])

    def hits(self, attempt: int, count: int, number: Callable[[int], int]) -> list[LiveRule]:
        """Those whose turn it is and whose dice say so."""
        found: list[LiveRule] = []
        for lanes in (*self._by_attempt.at(attempt), *self._by_count.at(count)):
            found += lanes.hits(number, attempt)
        return found


class DrawnTogether:
    """By the attempts or requests that they are about; where needed, by the moment from which they count attempts.

    All match the same, so that one tally counts for all of them.
    """

    def __init__(self, rules: Sequence[LiveRule]) -> None:
        self.rules = rules
        self._tally = Tally()
        for each in rules:
            each.join(self._tally)
        self._counts_requests = any(each.rule.shape.per is Per.RULE for each in rules)
        self._ticks = sorted({each.tick for each in rules})
        self._all: Group | None = None
        self._by_tick: list[tuple[int, Group]] = []

    def regroup(self) -> None:
        """Some of them were asked about a record, alone: their counts may differ now."""
        if self._counts_requests:
            self._all, self._by_tick = None, []

    def hits(self, history: History, number: Callable[[int], int]) -> list[LiveRule]:
        """Those that act; the others are not looked at any further."""
        self._tally.count += 1
        attempt = history.since(self._ticks[0])
        if attempt == history.since(self._ticks[-1]):  # no request of this key came between two of them
            self._all = self._all or Group(self.rules)
            return self._all.hits(attempt, self._tally.count, number)
        self._by_tick = self._by_tick or self._grouped()
        return [
            live
            for tick, group in self._by_tick
            for live in group.hits(history.since(tick), self._tally.count, number)
        ]

    def _grouped(self) -> list[tuple[int, Group]]:
        by_tick: defaultdict[int, list[LiveRule]] = defaultdict(list)
        for each in self.rules:
            by_tick[each.tick].append(each)
        return [(tick, Group(each)) for tick, each in by_tick.items()]
