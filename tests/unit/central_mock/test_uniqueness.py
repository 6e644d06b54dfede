"""The uniqueness check's rule, without a database."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.central_mock.centre.uniqueness.domain import Candidate, CheckState, decide, drawn
from shared.contracts.central import Decision


def candidate(
    key: str,
    *,
    kind: str = "FIRST_TIME",
    supersedes: str | None = None,
    state: CheckState = CheckState.CHECKING,
) -> Candidate:
    return Candidate(key, "33.13.07", kind, "person", supersedes, state)


def test_nobody_else_is_there() -> None:
    verdict = decide(candidate("a"), [], adjudicate=False)
    assert (verdict.decision, verdict.state) == (Decision.PRINT_READY_RECORD, CheckState.DECIDED)


def test_a_record_is_no_duplicate_of_itself() -> None:
    assert decide(candidate("a"), [candidate("a")], adjudicate=False).decision is Decision.PRINT_READY_RECORD


def test_a_second_record_is_a_duplicate_and_names_the_first() -> None:
    verdict = decide(candidate("b"), [candidate("a")], adjudicate=False)
    assert (verdict.decision, verdict.reason) == (Decision.DUPLICATE_RECORD, "duplicate of a")


def test_the_record_that_is_superseded_is_no_rival() -> None:
    verdict = decide(candidate("b", supersedes="a"), [candidate("a")], adjudicate=False)
    assert verdict.decision is Decision.PRINT_READY_RECORD


def test_a_replaced_record_is_nobodys_rival_but_its_successor_is() -> None:
    chain = [candidate("a"), candidate("b", supersedes="a")]
    assert (
        decide(candidate("c", supersedes="b"), chain, adjudicate=False).decision
        is Decision.PRINT_READY_RECORD
    )
    assert decide(candidate("c", supersedes="a"), chain, adjudicate=False).reason == "duplicate of b"


@pytest.mark.parametrize("kind", ["REPLACEMENT_LOST", "REPLACEMENT_DAMAGED", "DATA_CHANGE"])
def test_a_new_card_for_a_known_person_is_no_duplicate(kind: str) -> None:
    verdict = decide(candidate("b", kind=kind), [candidate("a")], adjudicate=False)
    assert verdict.decision is Decision.PRINT_READY_RECORD


def test_an_expert_sees_a_record_once() -> None:
    first = decide(candidate("a"), [], adjudicate=True)
    assert (first.decision, first.state) == (Decision.ADJUDICATE_RECORD, CheckState.ADJUDICATING)
    again = decide(candidate("a", state=CheckState.ADJUDICATING), [], adjudicate=True)
    assert (again.decision, again.state) == (Decision.PRINT_READY_RECORD, CheckState.DECIDED)


@given(st.text())
def test_a_share_of_none_draws_nothing_and_of_all_everything(key: str) -> None:
    assert not drawn(key, 0)
    assert drawn(key, 1)


def test_a_share_draws_about_that_many() -> None:
    dice = random.Random(16)
    found = sum(drawn(str(dice.random()), 0.25) for _ in range(4000))
    assert 900 < found < 1100


@given(st.integers(min_value=1, max_value=8))
def test_however_many_arrive_one_is_unique(number: int) -> None:
    unique: list[Candidate] = []
    for key in map(str, range(number)):
        record = candidate(key)
        if decide(record, unique, adjudicate=False).decision is Decision.PRINT_READY_RECORD:
            unique.append(record)
    assert len(unique) == 1
