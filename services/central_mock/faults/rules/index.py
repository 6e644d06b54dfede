"""All rules in force, arranged so that a request meets only those that may be about it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from services.central_mock.faults.rules.acting import WHOLE_CENTRE, acts_at, rank
from services.central_mock.faults.rules.attempts import Attempts, History
from services.central_mock.faults.rules.domain import Endpoint, Subject, mixed, request_number, rule_number
from services.central_mock.faults.rules.live import LiveRule
from services.central_mock.faults.rules.ruling import NOTHING, Fired, Ruling
from services.central_mock.faults.specs.kinds import Stage

Note = Callable[[LiveRule, Subject, Fired], None]

SKIPPED_WHEN_CUT = frozenset({Stage.INSTEAD, Stage.MEANING, Stage.ANSWER})


class Bucket:
    """The rules that can act at one endpoint, by the key or office that they name."""

    def __init__(self, rules: Sequence[LiveRule]) -> None:
        self._any: list[LiveRule] = []
        self._by_key: defaultdict[str, list[LiveRule]] = defaultdict(list)
        self._by_office: defaultdict[str, list[LiveRule]] = defaultdict(list)
        self._lengths: set[int] = set()
        for each in rules:
            self._place(each)

    def _place(self, live: LiveRule) -> None:
        match = live.rule.match
        if match.keys:
            for key in set(match.keys):
                self._by_key[key].append(live)
        elif match.offices and not any(len(each) == 1 for each in match.offices):  # a bare `*` is any office
            for office in {each.removesuffix("*") for each in match.offices}:
                self._by_office[office].append(live)
                self._lengths.add(len(office))
        else:
            self._any.append(live)

    def candidates(self, subject: Subject) -> list[LiveRule]:
        """In the order in which they are asked."""
        found = self._any
        if self._by_key and (named := self._by_key.get(subject.key)):
            found = found + named
        if self._by_office and subject.office is not None:
            for length in self._lengths:
                if here := self._by_office.get(subject.office[:length]):
                    found = found + here
        if found is self._any:
            return found
        unique = found if len(found) == 1 else list(dict.fromkeys(found))
        return sorted(unique, key=_rank)


def _rank(live: LiveRule) -> tuple[int, int, int]:
    return rank(live.rule)


class RuleIndex:
    """One state of the rule book. Replaced as a whole when a rule comes or goes; the counts live on in the rules."""

    def __init__(self, rules: Sequence[LiveRule], *, seed: int, attempts: Attempts, note: Note) -> None:
        self.rules = sorted(rules, key=_rank)
        self._seed = seed
        self._attempts = attempts
        self._note = note
        self._buckets: dict[str, Bucket] = {}

    def _bucket(self, endpoint: str) -> Bucket:
        bucket = self._buckets.get(endpoint)
        if bucket is None:
            bucket = self._buckets[endpoint] = Bucket([each for each in self.rules if _is_at(each, endpoint)])
        return bucket

    def ruling(self, subject: Subject) -> Ruling:
        """Draw for a request that has just come; counts it as an attempt."""
        candidates = self._bucket(subject.endpoint).candidates(subject)
        if not candidates:
            return NOTHING
        return self._ruling(subject, candidates, self._attempts.meet(subject.endpoint, subject.key))

    def ruling_for_record(self, subject: Subject) -> Ruling:
        """Draw for a record; asking again gives the same and counts nothing twice."""
        candidates = self._bucket(subject.endpoint).candidates(subject)
        return self._ruling(subject, candidates, None) if candidates else NOTHING

    def _ruling(self, subject: Subject, candidates: list[LiveRule], history: History | None) -> Ruling:
        drawn: dict[Fired, LiveRule] = {}
        filled: set[str] = set()
        numbers: dict[int, int] = {}
        cut = False
        for live in candidates:
            if not live.matches(subject):
                continue
            if history is not None:
                live.matched += 1
            if (cut and live.stage in SKIPPED_WHEN_CUT) or (live.slots and live.slots <= filled):
                continue
            attempt = live.attempt(history)
            if not self._acts(live, subject, attempt, numbers, is_record=history is None):
                continue
            drawn[self._fired(live, subject, attempt, filled)] = live
            if live.rule.fault.kind in WHOLE_CENTRE:
                break
            cut = cut or live.ends_request
            if live.stage is not Stage.INSTEAD:
                filled |= live.slots
        if not drawn:
            return NOTHING
        return Ruling(list(drawn), lambda fired: self._note(drawn[fired], subject, fired), drawn)

    def _acts(
        self, live: LiveRule, subject: Subject, attempt: int, numbers: dict[int, int], *, is_record: bool
    ) -> bool:
        if is_record:
            if (known := live.decided(subject.key)) is not None:
                return known
            live.matched += 1
        acts = live.always
        if not acts:
            number = numbers.get(attempt)
            if number is None:
                number = request_number(self._seed, subject.endpoint, subject.key, attempt)
                numbers[attempt] = number
            acts = live.acts(subject, attempt, number)
        if is_record:
            live.decide(subject.key, acts)
        if acts:
            live.drawn += 1
            live.taken += 1
        return acts

    def _fired(self, live: LiveRule, subject: Subject, attempt: int, filled: AbstractSet[str]) -> Fired:
        rule = live.rule
        roll = partial(_roll, self._seed, rule.name, subject, attempt)
        return Fired(rule.name, rule.fault, attempt, roll, live.memory, rule.number, live.slots - filled)

    def ruling_on(self, live: LiveRule, connection: int) -> Ruling:
        """A rule that is done to a connection, whatever is asked over it."""
        subject = Subject(None, "connection", str(connection))
        fired = self._fired(live, subject, 1, frozenset())
        return Ruling([fired], lambda each: self._note(live, subject, each))

    def fired_on(self, live: LiveRule, connection: int) -> Fired:
        """The same, and it acts now."""
        ruling = self.ruling_on(live, connection)
        ruling.fired(ruling.drawn[0])
        return ruling.drawn[0]


def _roll(seed: int, rule: str, subject: Subject, attempt: int, what: str) -> float:
    return mixed(request_number(seed, subject.endpoint, subject.key, attempt), rule_number(rule, what))


def _is_at(live: LiveRule, endpoint: str) -> bool:
    """Whether a rule can act there. What is none of the centre's calls meets rules that match everything."""
    named, possible = live.rule.match.endpoints, acts_at(live.rule.fault.kind)
    if endpoint in possible:
        return not named or endpoint in named
    return not named and endpoint not in set(Endpoint) and live.stage is not Stage.MEANING
