"""A rule in force: compiled for asking, with its counts and what is left of its life."""

from typing import Any

from services.central_mock.faults.rules.acting import COUNTING, WHOLE_CENTRE, slots_of
from services.central_mock.faults.rules.attempts import History
from services.central_mock.faults.rules.domain import (
    Exactly,
    Per,
    Rule,
    Subject,
    mixed,
    rule_number,
    threshold,
)
from services.central_mock.faults.specs import Stage

KEPT_RECORDS = 100_000


class Tally:
    """Counts what several rules matched that match the same."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class LiveRule:
    """Asked for each request that it may match; everything that does not change is worked out beforehand."""

    def __init__(self, rule: Rule, *, tick: int, ends: float) -> None:
        self.rule = rule
        self.tick = tick
        """Attempts are counted from here."""
        self.ends = ends
        """In passed time of the clock, see `PassedTime`."""
        self.slots = slots_of(rule.fault, rule.match.direction)
        self.stage = rule.fault.stage
        self.ends_request = self.stage is Stage.INSTEAD and rule.fault.kind not in COUNTING
        self.always = rule.always
        self.number = rule_number(rule.name)
        self.threshold = threshold(rule.shape.probability)
        self.is_thin = not self.always and rule.shape.exactly is None
        """Whether dice and counts say all: many of these are drawn together."""
        self.drawn = self.fired = 0
        self.apart = 0
        """What it matched beside its tally; below zero when it joined late."""
        self._tally = Tally()
        self.whole = rule.fault.kind in WHOLE_CENTRE
        self.taken = 0
        """Of `times`: those that acted and those that may still do so."""
        self.memory: dict[str, Any] = {}
        self._decided: dict[str, bool] = {}
        self._keys = frozenset(rule.match.keys)
        self._offices = frozenset(each for each in rule.match.offices if not each.endswith("*"))
        self._prefixes = tuple(each[:-1] for each in rule.match.offices if each.endswith("*"))
        self._names_offices = bool(rule.match.offices)
        self._exactly = (
            None
            if rule.shape.exactly is None
            else {(each.endpoint, each.key, each.attempt): each for each in rule.shape.exactly}
        )

    def go_on_from(self, before: "LiveRule") -> None:
        """Take over the counts of the rule that this one replaces: the same fault, moved on by a timeline."""
        self.tick, self.memory = before.tick, before.memory
        self.apart, self.drawn, self.fired = before.matched, before.drawn, before.fired
        self.taken = before.taken
        if before.rule.shape == self.rule.shape:
            self._decided = before._decided

    @property
    def names(self) -> tuple[frozenset[str], ...]:
        """The endpoints, offices and keys that it is about."""
        match = self.rule.match
        return frozenset(match.endpoints), frozenset(match.offices), self._keys

    @property
    def matched(self) -> int:
        """How many requests and records it was about."""
        return self.apart + self._tally.count

    def join(self, tally: Tally) -> None:
        """From now on these requests are counted there."""
        self.apart, self._tally = self.matched - tally.count, tally

    def matches(self, subject: Subject) -> bool:
        """Whether it is about this office and key; the endpoint was looked up already."""
        if self._keys and subject.key not in self._keys:
            return False
        if not self._names_offices:
            return True
        office = subject.office
        return office is not None and (office in self._offices or office.startswith(self._prefixes))

    def attempt(self, history: History | None) -> int:
        """Which attempt of its key this is since the rule was set; 1 for what is no request."""
        return 1 if history is None else history.since(self.tick)

    def acts(self, subject: Subject, attempt: int, request: int) -> bool:
        """Whether it is drawn; `request` is the attempt's number from `request_number`."""
        shape = self.rule.shape
        if self._exactly is not None:
            return self.recorded(subject, attempt) is not None
        if not shape.allows(attempt if shape.per is Per.KEY else self.matched):
            return False
        return not self.is_spent and mixed(request, self.number) < self.threshold

    @property
    def is_spent(self) -> bool:
        """Whether it has acted as often as it may, or will have when all that was drawn acts."""
        times = self.rule.shape.times
        return times is not None and self.taken >= times

    def recorded(self, subject: Subject, attempt: int) -> Exactly | None:
        """What is to be repeated of a recording, if it has this attempt."""
        if self._exactly is None:
            return None
        return self._exactly.get((subject.endpoint, subject.key, attempt))

    def decided(self, key: str) -> bool | None:
        """What was drawn for a record that is looked at again and again; None the first time."""
        return self._decided.get(key)

    def decide(self, key: str, acts: bool) -> None:
        """Remember what was drawn for a record; the oldest are forgotten first."""
        if len(self._decided) >= KEPT_RECORDS:
            del self._decided[next(iter(self._decided))]
        self._decided[key] = acts
