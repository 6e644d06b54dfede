"""All rules in force, arranged so that a request meets only those that may be about it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

from services.central_mock.faults.rules.acting import acts_at, rank
from services.central_mock.faults.rules.attempts import Attempts, History
from services.central_mock.faults.rules.domain import Endpoint, Subject, draw, request_number
from services.central_mock.faults.rules.live import LiveRule
from services.central_mock.faults.rules.ruling import NOTHING, Fired, Ruling
from services.central_mock.faults.rules.together import FEW, DrawnTogether
from services.central_mock.faults.specs.kinds import Stage

Note = Callable[[LiveRule, Subject, Fired], None]

SKIPPED_WHEN_CUT = frozenset({Stage.INSTEAD, Stage.MEANING, Stage.ANSWER})


class Bucket:
    """The rules that can act at one endpoint, by the key or office that they name."""

    def __init__(self, rules: Sequence[LiveRule], together: Sequence[DrawnTogether]) -> None:
        self._together = together
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
        elif match.offices and "*" not in match.offices:
            for office in {each.removesuffix("*") for each in match.offices}:
                self._by_office[office].append(live)
                self._lengths.add(len(office))
        else:
            self._any.append(live)

    def together(self, subject: Subject) -> list[DrawnTogether]:
        """Those that are about it."""
        return [each for each in self._together if each.rules[0].matches(subject)]

    def candidates(self, subject: Subject) -> list[LiveRule]:
        """In the order in which they are asked; without those that are drawn together."""
        found = self._any
        if self._by_key and (named := self._by_key.get(subject.key)):
            found = found + named
        if self._by_office and subject.office is not None:
            for length in self._lengths:
                if here := self._by_office.get(subject.office[:length]):
                    found = found + here
        return found if found is self._any else in_order(found)


def in_order(found: list[LiveRule]) -> list[LiveRule]:
    """Each once, as they are asked."""
    return sorted(dict.fromkeys(found), key=_rank) if len(found) > 1 else found


def _rank(live: LiveRule) -> tuple[int, int, int]:
    return rank(live.rule)


class Numbers:
    """The number of each attempt that a request is to some rule, hashed once."""

    def __init__(self, seed: int, subject: Subject) -> None:
        self._seed = seed
        self._subject = subject
        self._known: dict[int, int] = {}

    def __call__(self, attempt: int) -> int:
        """64 bits that all rules share which count this as the same attempt."""
        number = self._known.get(attempt)
        if number is None:
            number = request_number(self._seed, self._subject.endpoint, self._subject.key, attempt)
            self._known[attempt] = number
        return number


class RuleIndex:
    """One state of the rule book. Replaced as a whole when a rule comes or goes; the counts live on in the rules."""

    def __init__(self, rules: Sequence[LiveRule], *, seed: int, attempts: Attempts, note: Note) -> None:
        self.rules = sorted(rules, key=_rank)
        self._seed = seed
        self._attempts = attempts
        self._note = note
        self._buckets: dict[str, Bucket] = {}
        self._together = _drawn_together(self.rules)
        together = {live for each in self._together for live in each.rules}
        self._alone = [each for each in self.rules if each not in together]

    def _bucket(self, endpoint: str) -> Bucket:
        bucket = self._buckets.get(endpoint)
        if bucket is None:
            bucket = self._buckets[endpoint] = Bucket(
                [each for each in self._alone if _is_at(each, endpoint)],
                [each for each in self._together if _is_at(each.rules[0], endpoint)],
            )
        return bucket

    def ruling(self, subject: Subject) -> Ruling:
        """Draw for a request that has just come; counts it as an attempt."""
        bucket = self._bucket(subject.endpoint)
        candidates, together = bucket.candidates(subject), bucket.together(subject)
        if not (candidates or together):
            return NOTHING
        history = self._attempts.meet(subject.endpoint, subject.key)
        numbers = Numbers(self._seed, subject)
        for live in candidates:
            live.apart += live.matches(subject)
        hits = [live for each in together for live in each.hits(history, numbers)]
        if hits:
            candidates = in_order([*candidates, *hits])
        return self._ruling(subject, candidates, history, numbers) if candidates else NOTHING

    def ruling_for_record(self, subject: Subject) -> Ruling:
        """Draw for a record; asking again gives the same and counts nothing twice."""
        bucket = self._bucket(subject.endpoint)
        candidates, together = bucket.candidates(subject), bucket.together(subject)
        if together:
            candidates = in_order([*candidates, *(live for each in together for live in each.rules)])
        if not candidates:
            return NOTHING
        ruling = self._ruling(subject, candidates, None, Numbers(self._seed, subject))
        for each in together:
            each.regroup()
        return ruling

    def _ruling(
        self, subject: Subject, candidates: list[LiveRule], history: History | None, numbers: "Numbers"
    ) -> Ruling:
        drawn: dict[Fired, LiveRule] = {}
        filled: set[str] = set()
        cut = False
        for live in candidates:
            if not live.matches(subject):
                continue
            if (cut and live.stage in SKIPPED_WHEN_CUT) or (live.slots and live.slots <= filled):
                continue
            attempt = 1 if history is None else history.since(live.tick)
            acts = (
                self._decided(live, subject, numbers)
                if history is None
                else self._acts(live, subject, attempt, numbers)
            )
            if not acts:
                continue
            drawn[self._fired(live, subject, attempt, filled)] = live
            if live.whole:
                break
            cut = cut or live.ends_request
            if live.stage is not Stage.INSTEAD:
                filled |= live.slots
        if not drawn:
            return NOTHING
        return Ruling(list(drawn), lambda fired: self._note(drawn[fired], subject, fired), drawn)

    @staticmethod
    def _acts(live: LiveRule, subject: Subject, attempt: int, numbers: "Numbers") -> bool:
        if live.always or live.acts(subject, attempt, numbers(attempt)):
            live.drawn += 1
            live.taken += 1
            return True
        return False

    def _decided(self, live: LiveRule, subject: Subject, numbers: "Numbers") -> bool:
        known = live.decided(subject.key)
        if known is None:
            live.apart += 1
            known = self._acts(live, subject, 1, numbers)
            live.decide(subject.key, known)
        return known

    def _fired(self, live: LiveRule, subject: Subject, attempt: int, filled: AbstractSet[str]) -> Fired:
        rule = live.rule
        roll = partial(_roll, self._seed, rule.name, subject, attempt)
        return Fired(
            rule.name,
            rule.fault,
            attempt,
            roll,
            live.memory,
            rule.number,
            replayed=live.recorded(subject, attempt),
            slots=live.slots - filled,
        )

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
    return draw(seed, rule, Subject(subject.office, subject.endpoint, subject.key, attempt), what)


def _drawn_together(rules: Sequence[LiveRule]) -> list[DrawnTogether]:
    """Those that go by dice and counts and meet the same requests, where there are many."""
    alike: defaultdict[tuple[object, ...], list[LiveRule]] = defaultdict(list)
    for each in rules:
        if each.is_thin:
            alike[acts_at(each.rule.fault.kind), each.stage is Stage.MEANING, *each.names].append(each)
    return [DrawnTogether(each) for each in alike.values() if len(each) >= FEW]


def _is_at(live: LiveRule, endpoint: str) -> bool:
    """Whether a rule can act there. What is none of the centre's calls meets rules that match everything."""
    named, possible = live.rule.match.endpoints, acts_at(live.rule.fault.kind)
    if endpoint in possible:
        return not named or endpoint in named
    return not named and endpoint not in set(Endpoint) and live.stage is not Stage.MEANING
