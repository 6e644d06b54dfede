"""Which rules meet which request, in which order, and how often each acts."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.central_mock.faults.rules.attempts import Attempts
from services.central_mock.faults.rules.domain import Rule, Subject
from services.central_mock.faults.rules.index import RuleIndex
from services.central_mock.faults.rules.live import LiveRule
from services.central_mock.faults.rules.ruling import Ruling
from services.central_mock.faults.rules.schemas import RuleOrder
from services.central_mock.faults.specs import Stage

SET = datetime(2016, 9, 16, 4, 30, tzinfo=UTC)
POST = Subject("33.13.07", "records.post", "key-1")


def rule(name: str, kind: str = "ANSWER_LOST", /, number: int = 0, **order: Any) -> Rule:
    settings = order.pop("settings", {})
    ordered = RuleOrder.model_validate({"name": name, "fault": {"kind": kind, **settings}, **order})
    return Rule(
        name, ordered.fault, ordered.match, ordered.shape, ordered.priority, 3600.0, SET, "ops", "", number
    )


class Book:
    """Rules in force, without a socket."""

    def __init__(self, *rules: Rule, seed: int = 1) -> None:
        self.attempts = Attempts()
        self.seed = seed
        self.lives = [LiveRule(each, tick=0, ends=3600.0) for each in numbered(rules)]
        self.noted: list[tuple[str, str, int]] = []
        self.index = RuleIndex(self.lives, seed=seed, attempts=self.attempts, note=self._note)

    def _note(self, live: LiveRule, subject: Subject, fired: Any) -> None:
        live.fired += 1
        self.noted.append((live.rule.name, subject.key, fired.attempt))

    def drawn(self, subject: Subject = POST) -> list[str]:
        ruling = self.index.ruling(subject)
        return names(ruling)

    def fire(self, subject: Subject = POST) -> list[str]:
        ruling = self.index.ruling(subject)
        for each in ruling.drawn:
            ruling.fired(each)
        ruling.settle()
        return names(ruling)


def numbered(rules: Sequence[Rule]) -> list[Rule]:
    return [Rule(**{**vars(each), "number": each.number or n}) for n, each in enumerate(rules, 1)]


def names(ruling: Ruling) -> list[str]:
    return [each.rule for each in ruling.drawn]


class TestMatch:
    @pytest.mark.parametrize(
        ("match", "meets"),
        [
            ({}, True),
            ({"offices": ["33.13.07"]}, True),
            ({"offices": ["33.13.*"]}, True),
            ({"offices": ["33.1*"]}, True),
            ({"offices": ["*"]}, True),
            ({"offices": ["33.13"]}, False),
            ({"offices": ["33.20.*", "33.13.07"]}, True),
            ({"endpoints": ["records.post"]}, True),
            ({"endpoints": ["imports.post"]}, False),
            ({"keys": ["key-1"]}, True),
            ({"keys": ["key-2"]}, False),
            ({"keys": ["key-1"], "offices": ["33.20"]}, False),
        ],
    )
    def test_a_rule_meets_what_it_names(self, match: dict[str, Any], meets: bool) -> None:
        assert Book(rule("a", match=match)).drawn() == (["a"] if meets else [])

    def test_a_request_that_names_no_office_meets_no_rule_of_an_office(self) -> None:
        book = Book(
            rule("a", "RESET", match={"offices": ["33.13.07"]}), rule("b", "RESET", match={"offices": ["*"]})
        )
        assert book.drawn(Subject(None, "health.get", "|health.get")) == []

    def test_what_is_none_of_the_centres_calls_meets_what_matches_everything(self) -> None:
        docs = Subject(None, "GET /docs", "|GET /docs")
        assert Book(rule("a", "RESET")).drawn(docs) == ["a"]
        assert Book(rule("a", "RESET", match={"endpoints": ["records.get"]})).drawn(docs) == []
        assert Book(rule("a", "ANSWER_LOST")).drawn(docs) == []


class TestPrecedence:
    def test_stages_come_in_the_order_of_a_requests_life(self) -> None:
        book = Book(
            rule("pace", "DRIP"),
            rule("answer", "TRUNCATED"),
            rule("meaning", "ANSWER_LOST"),
            rule("delay", "LATENCY", settings={"seconds": 1}),
        )
        assert book.drawn() == ["delay", "meaning", "answer", "pace"]

    def test_what_ends_a_request_leaves_nothing_of_the_later_stages_but_the_pace(self) -> None:
        book = Book(
            rule("meaning", "ANSWER_LOST"),
            rule("instead", "HTTP_503"),
            rule("pace", "DRIP"),
            rule("answer", "TRUNCATED"),
        )
        assert book.drawn() == ["instead", "pace"]

    def test_in_a_stage_priority_goes_first_and_then_who_was_first(self) -> None:
        early, late = rule("early", "HTTP_503"), rule("late", "RESET")
        assert Book(early, late).drawn() == ["early"]
        assert Book(early, rule("late", "RESET", priority=1)).drawn() == ["late"]

    def test_one_that_does_not_act_leaves_its_place_to_the_next(self) -> None:
        book = Book(rule("first", "HTTP_503", shape={"first": 1}), rule("next", "RESET"))
        assert [book.drawn(), book.drawn()] == [["first"], ["next"]]

    def test_delays_add_up_and_meanings_of_different_kinds_act_together(self) -> None:
        book = Book(
            rule("one", "LATENCY", settings={"seconds": 1}),
            rule("two", "LATENCY", settings={"seconds": 2}),
            rule("lost", "ANSWER_LOST"),
            rule("twice", "APPLIED_TWICE"),
            rule("lost-too", "ANSWER_LOST", shape={"probability": 0.999}),
        )
        assert book.drawn() == ["one", "two", "lost", "twice"]

    def test_a_quota_that_lets_a_request_pass_leaves_it_to_the_next(self) -> None:
        book = Book(rule("quota", "QUOTA", settings={"requests": 3}), rule("next", "RESET"))
        assert book.drawn() == ["quota", "next"]

    def test_each_direction_has_its_own_pace(self) -> None:
        link = {"bytes_in_per_second": 16_000, "bytes_out_per_second": 16_000}
        book = Book(
            rule("drip", "DRIP"),
            rule("link", "BANDWIDTH", settings=link),
            rule("more", "BANDWIDTH", settings=link),
        )
        ruling = book.index.ruling(POST)
        assert [(each.rule, set(each.slots)) for each in ruling.at(Stage.PACE)] == [
            ("drip", {"PACE_OUT"}),
            ("link", {"PACE_IN"}),
        ]


class TestCounts:
    def test_attempts_are_counted_for_each_key(self) -> None:
        book = Book(rule("a", shape={"first": 1}))
        other = Subject("33.13.07", "records.post", "key-2")
        assert [book.fire(), book.fire(), book.fire(other), book.fire(other)] == [["a"], [], ["a"], []]
        assert book.noted == [("a", "key-1", 1), ("a", "key-2", 1)]

    def test_per_rule_counts_all_that_it_matched(self) -> None:
        book = Book(rule("a", shape={"every": 3, "per": "RULE"}))
        subjects = [Subject("33.13.07", "records.post", f"key-{n}") for n in range(6)]
        assert [bool(book.fire(each)) for each in subjects] == [False, False, True] * 2

    def test_times_bounds_what_acted_and_not_what_was_drawn(self) -> None:
        book = Book(rule("a", shape={"times": 2}))
        unused = book.index.ruling(POST)
        assert unused.drawn
        unused.settle()
        assert [book.fire() for _ in range(4)] == [["a"], ["a"], [], []]

    def test_times_holds_while_requests_overlap(self) -> None:
        book = Book(rule("a", shape={"times": 2}))
        overlapping = [book.index.ruling(POST) for _ in range(5)]
        assert sum(bool(each.drawn) for each in overlapping) == 2

    def test_a_fault_that_is_asked_for_twice_has_fired_once(self) -> None:
        book = Book(rule("a"))
        ruling = book.index.ruling(POST)
        kind = type(ruling.drawn[0].spec)
        assert ruling.takes(kind) is ruling.takes(kind)
        assert book.lives[0].fired == 1

    def test_a_record_that_is_looked_at_again_is_drawn_once(self) -> None:
        book = Book(rule("late", "RESULT_LATE", shape={"probability": 0.5, "times": 10}))
        records = [Subject("33.13.07", "check", f"key-{n}") for n in range(50)]
        first = [names(book.index.ruling_for_record(each)) for each in records]
        assert sum(map(bool, first)) == 10
        assert [names(book.index.ruling_for_record(each)) for each in records] == first
        assert (book.lives[0].matched, book.lives[0].drawn) == (50, 10)


@given(
    seed=st.integers(0, 1 << 40),
    shape=st.fixed_dictionaries(
        {"probability": st.floats(0.05, 1.0)},
        optional={"first": st.integers(1, 4), "every": st.integers(1, 4), "after": st.integers(0, 3)},
    ),
    attempts=st.lists(st.sampled_from("abcde"), min_size=1, max_size=60),
    order=st.randoms(use_true_random=False),
)
def test_what_a_key_meets_does_not_depend_on_the_others_around_it(
    seed: int, shape: dict[str, Any], attempts: list[str], order: random.Random
) -> None:
    def met(keys: list[str]) -> dict[str, list[bool]]:
        book = Book(rule("a", shape=shape), seed=seed)
        found: dict[str, list[bool]] = {each: [] for each in keys}
        for each in keys:
            found[each].append(bool(book.drawn(Subject("33.13.07", "records.post", each))))
        return found

    shuffled = list(attempts)
    order.shuffle(shuffled)
    assert met(shuffled) == met(attempts)


def test_a_rule_among_a_thousand_is_found_by_its_office_or_key() -> None:
    others = [rule(f"office-{n}", match={"offices": [f"{10 + n // 100}.{n % 100:02d}"]}) for n in range(1000)]
    keys = [rule(f"key-{n}", "APPLIED_TWICE", match={"keys": [f"other-{n}"]}) for n in range(1000)]
    book = Book(
        *others,
        *keys,
        rule("mine", match={"offices": ["33.13.*"]}),
        rule("mine-too", "FORGOTTEN", match={"keys": ["key-1"]}),
    )
    assert book.drawn() == ["mine", "mine-too"]
    assert sum(each.matched for each in book.lives) == 2


@pytest.mark.parametrize(
    "counting",
    [
        {},
        {"after": 2},
        {"first": 3},
        {"every": 2, "after": 1},
        {"probability": 1, "after": 3},
        {"per": "RULE", "every": 3},
        {"per": "RULE", "after": 10, "first": 20, "every": 2},
        {"per": "RULE", "probability": 1, "after": 3},
    ],
)
def test_many_rules_that_go_by_dice_and_attempts_are_drawn_as_each_would_be_alone(
    counting: dict[str, Any],
) -> None:
    def shape(n: int) -> dict[str, Any]:
        return {"probability": 0.3} | (counting if n % 3 else {})

    rules = [rule(f"rule-{n}", "APPLIED_TWICE" if n % 2 else "FORGOTTEN", shape=shape(n)) for n in range(20)]
    together = Book(*rules)
    subjects = [Subject("33.13.07", "records.post", f"key-{n % 7}") for n in range(50)]
    alone = {each.name: Book(each) for each in rules}
    for subject in subjects:
        each_alone = [name for name, book in alone.items() if book.drawn(subject)]
        met = together.drawn(subject)
        assert set(met) <= set(each_alone)
        kinds = {name: int(name.removeprefix("rule-")) % 2 for name in each_alone}
        assert {kinds[name] for name in met} == set(kinds.values())
    assert {each.matched for each in together.lives} == {50}


@pytest.mark.parametrize("chance", [{}, {"probability": 0.999999}])
def test_of_many_rules_for_one_request_each_the_next_acts_until_all_are_spent(chance: dict[str, Any]) -> None:
    rules = [rule(f"rule-{n}", "FORGOTTEN", shape={"times": 1} | chance) for n in range(20)]
    book = Book(*rules)
    met = [book.fire(Subject("33.13.07", "records.post", f"key-{n}")) for n in range(22)]
    assert met == [*([each.name] for each in rules), [], []]


def test_a_rule_that_was_drawn_and_did_not_act_is_not_spent() -> None:
    book = Book(*(rule(f"rule-{n}", "FORGOTTEN", shape={"times": 1}) for n in range(20)))
    drawn = book.index.ruling(POST)
    assert names(drawn) == ["rule-0"] and book.drawn(Subject(None, "records.post", "key-2")) == ["rule-1"]
    drawn.settle()
    assert book.drawn(Subject(None, "records.post", "key-3")) == ["rule-0"]


SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "probability": st.sampled_from([0.3, 1.0]),
        "first": st.integers(1, 4),
        "every": st.integers(1, 4),
        "after": st.integers(0, 3),
        "times": st.integers(1, 3),
        "per": st.sampled_from(["KEY", "RULE"]),
    },
)
MATCHES = st.sampled_from(
    [
        {},
        {},
        {"endpoints": ["imports.post", "records.post"]},
        {"offices": ["33.13.07"]},
        {"offices": ["33.13.*"]},
        {"keys": ["a", "b"]},
    ]
)
OFFICES = st.sampled_from(["33.13.07", "33.13.09", None])
STEPS = st.one_of(
    st.tuples(
        st.just("set"), st.sampled_from(["FORGOTTEN", "ANSWER_LOST", "CAPTIVE_PORTAL"]), SHAPES, MATCHES
    ),
    st.tuples(
        st.sampled_from(["records.post", "imports.post", "health.get"]), st.sampled_from("abc"), OFFICES
    ),
    st.tuples(st.just("record"), st.sampled_from("abcdefgh"), OFFICES),
)


class Played:
    """A book that rules come to while requests and imported records meet it."""

    def __init__(self, few: int) -> None:
        self.few = few
        self.attempts = Attempts()
        self.lives: list[LiveRule] = []
        self.seen: list[object] = []

    def play(self, steps: Sequence[tuple[Any, ...]]) -> list[object]:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("services.central_mock.faults.rules.index.FEW", self.few)
            self._index()
            for step in steps:
                self._take(*step)
        return [*self.seen, [(each.rule.name, each.matched, each.drawn) for each in self.lives]]

    def _index(self) -> None:
        self.index = RuleIndex(self.lives, seed=1, attempts=self.attempts, note=lambda *_: None)

    def _take(self, what: str, *told: Any) -> None:
        if what == "set":
            kind, shape, match = told
            number = len(self.lives) + 1
            made = rule(f"rule-{number}", kind, number, shape=shape, match=match)
            self.lives.append(LiveRule(made, tick=self.attempts.tick, ends=3600.0))
            self._index()
        elif what == "record":
            self.seen.append(names(self.index.ruling_for_record(Subject(told[1], "imports.post", told[0]))))
        else:
            ruling = self.index.ruling(Subject(told[1], what, told[0]))
            for each in ruling.drawn:
                ruling.fired(each)
            ruling.settle()
            self.seen.append(names(ruling))


@settings(max_examples=200)
@given(steps=st.lists(STEPS, max_size=60))
def test_rules_that_are_drawn_together_act_and_count_as_each_alone_would(
    steps: list[tuple[Any, ...]],
) -> None:
    """Whatever comes between: other rules, requests to other endpoints, records that are asked about one by one."""
    assert Played(few=1).play(steps) == Played(few=10**9).play(steps)
