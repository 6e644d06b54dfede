"""The dice: the same answer for the same request whenever it is asked, and fair over many."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.central_mock.faults.rules.attempts import Attempts
from services.central_mock.faults.rules.domain import Exactly, Shape, Subject, draw, life_left
from services.central_mock.faults.rules.passing import PassedTime

SUBJECTS = st.builds(
    Subject,
    office=st.sampled_from(["33.13.07", "33.20", None]),
    endpoint=st.sampled_from(["records.post", "records.get"]),
    key=st.text(max_size=40),
    attempt=st.integers(1, 10_000),
)
SET = datetime(2016, 9, 16, 4, 30, tzinfo=UTC)


@given(
    seed=st.integers(0, (1 << 53) - 1),
    rule=st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True),
    subjects=st.lists(SUBJECTS, min_size=1, max_size=20),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_asking_changes_no_answer(
    seed: int, rule: str, subjects: list[Subject], order: random.Random
) -> None:
    first = {each: draw(seed, rule, each) for each in subjects}
    shuffled = list(subjects)
    order.shuffle(shuffled)
    assert {each: draw(seed, rule, each) for each in shuffled} == first
    assert all(0.0 <= drawn < 1.0 for drawn in first.values())


@given(subject=SUBJECTS)
def test_the_office_is_no_part_of_the_draw(subject: Subject) -> None:
    moved = Subject("33.13", subject.endpoint, subject.key, subject.attempt)
    assert draw(1, "a-rule", subject) == draw(1, "a-rule", moved)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("varied", ["seed", "rule", "key", "attempt"])
def test_whatever_varies_the_share_is_kept(share: float, varied: str) -> None:
    number = 20_000

    def drawn(n: int) -> float:
        subject = Subject(
            None, "records.post", f"key-{n}" if varied == "key" else "key", n if varied == "attempt" else 1
        )
        return draw(n if varied == "seed" else 1, f"rule-{n}" if varied == "rule" else "rule", subject)

    hits = sum(drawn(n) < share for n in range(1, number + 1))
    # five standard deviations of a fair draw
    assert abs(hits - number * share) < 5 * (number * share * (1 - share)) ** 0.5


def test_two_rules_and_two_draws_of_one_rule_have_nothing_to_do_with_each_other() -> None:
    subjects = [Subject(None, "records.post", f"key-{n}") for n in range(10_000)]
    for other in (("other", ""), ("rule", "latency")):
        both = sum(draw(1, "rule", each) < 0.5 and draw(1, *_named(other, each)) < 0.5 for each in subjects)
        assert 2_250 < both < 2_750


def _named(other: tuple[str, str], subject: Subject) -> tuple[str, Subject, str]:
    return other[0], subject, other[1]


def test_a_known_draw_stays_what_it_is() -> None:
    """An export replayed by a later version must meet the same faults."""
    subject = Subject("33.13.07", "records.post", "0199f4e2-0000-7000-8000-000000000001", 2)
    assert draw(20160916, "answer_lost-1", subject) == 0.682274751256364


class TestShape:
    @pytest.mark.parametrize(
        ("shape", "allowed"),
        [
            (Shape(), [1, 2, 3, 4, 5, 6, 7, 8]),
            (Shape(first=2), [1, 2]),
            (Shape(every=3), [3, 6]),
            (Shape(after=5), [6, 7, 8]),
            (Shape(after=2, first=3), [3, 4, 5]),
            (Shape(after=1, every=2), [3, 5, 7]),
            (Shape(after=1, first=4, every=2), [3, 5]),
        ],
    )
    def test_which_numbers_act(self, shape: Shape, allowed: list[int]) -> None:
        assert [n for n in range(1, 9) if shape.allows(n)] == allowed

    @pytest.mark.parametrize(
        "wrong",
        [
            {"probability": 0},
            {"probability": 1.01},
            {"probability": float("nan")},
            {"first": 0},
            {"every": 0},
            {"after": -1},
            {"times": 0},
            {"per": "OFFICE"},
            {"often": 2},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, wrong: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            Shape.model_validate(wrong)

    def test_a_replays_list_stands_alone(self) -> None:
        one = Exactly(endpoint="records.post", key="k", attempt=1)
        assert Shape(exactly=[one]).exactly == [one]
        with pytest.raises(ValidationError, match="stands alone"):
            Shape(exactly=[one], first=2)


class TestAttempts:
    @given(st.lists(st.sampled_from("abc"), max_size=60), st.integers(0, 60))
    def test_each_key_is_counted_since_the_rule_was_set(self, keys: list[str], set_at: int) -> None:
        attempts = Attempts()
        tick, since = None, dict.fromkeys("abc", 0)
        for number, key in enumerate(keys):
            if number == set_at:
                tick = attempts.tick
            history = attempts.meet("records.post", key)
            if tick is not None:
                since[key] += 1
                assert history.since(tick) == since[key]

    @settings(max_examples=20)
    @given(st.integers(10, 200))
    def test_past_its_limits_old_keys_go_and_long_counts_stay_right(self, number: int) -> None:
        attempts = Attempts(kept_keys=3, kept_attempts=10)
        start = attempts.tick
        counted = [attempts.meet("results.get", "always").since(start) for _ in range(number)]
        assert counted == list(range(1, number + 1))
        for key in "abc":
            attempts.meet("results.get", key)
        assert attempts.meet("results.get", "always").since(start) == 1


class TestLife:
    @pytest.mark.parametrize(
        ("later", "left"),
        [
            (timedelta(0), 3600.0),
            (timedelta(minutes=20), 2400.0),
            (timedelta(hours=1), 0.0),
            (timedelta(days=3650), 0.0),
            (timedelta(seconds=-1), 0.0),  # a clock before the rule's beginning ends it
        ],
    )
    def test_what_is_left_after_a_restart(self, later: timedelta, left: float) -> None:
        assert life_left(SET, 3600.0, SET + later) == left

    def test_time_passes_at_the_clocks_speed(self) -> None:
        loop = iter([99.0, 100.0, 105.0, 105.0, 107.0])
        passed = PassedTime(lambda: next(loop))
        assert passed.total(240) == 0.0
        passed.mark(240)
        assert passed.total(240) == 1200.0
        passed.mark(240)
        assert passed.total(1) == 1202.0
