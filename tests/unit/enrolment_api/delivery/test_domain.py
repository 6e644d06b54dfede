"""What an exchange means for a delivery, and how wide the ramp opens."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrolment_api.delivery.domain import (
    DESTINATION_FAILED,
    MAX_DELAY,
    MAX_REJECTIONS,
    TRANSITIONS,
    DeliveryAction,
    DeliveryState,
    Verdict,
    allowed_actions,
    full_jitter,
    next_step,
)
from services.enrolment_api.delivery.ramp import MOST, Ramp
from services.enrolment_api.delivery.rate import DrainRate

NOW = datetime(2017, 6, 14, 4, 0, tzinfo=UTC)


@given(verdict=st.sampled_from(sorted(DESTINATION_FAILED)), attempts=st.integers(0, 10), seed=st.integers())
def test_an_outage_spends_no_attempt_and_leaves_the_record_due(
    verdict: Verdict, attempts: int, seed: int
) -> None:
    step = next_step(verdict, attempts, random.Random(seed))
    assert step.attempts == attempts
    assert step.delay == 0.0
    assert step.state in {DeliveryState.PENDING, DeliveryState.OUTCOME_UNKNOWN}


def test_a_lost_answer_is_an_unknown_outcome_not_a_failure() -> None:
    assert next_step(Verdict.UNKNOWN, 0, random.Random(1)).state is DeliveryState.OUTCOME_UNKNOWN


@pytest.mark.parametrize("verdict", [Verdict.NOT_SENT, Verdict.BUSY])
def test_a_question_that_met_a_centre_that_is_out_has_settled_nothing(verdict: Verdict) -> None:
    dice = random.Random(1)
    assert next_step(verdict, 0, dice, may_be_there=True).state is DeliveryState.OUTCOME_UNKNOWN
    assert next_step(verdict, 0, dice).state is DeliveryState.PENDING


def test_only_the_records_own_rejections_lead_to_quarantine() -> None:
    attempts, states = 0, []
    for _ in range(MAX_REJECTIONS):
        step = next_step(Verdict.REJECTED, attempts, random.Random(1))
        attempts = step.attempts
        states.append(step.state)
    assert states == [DeliveryState.PENDING] * (MAX_REJECTIONS - 1) + [DeliveryState.QUARANTINED]


def test_other_bytes_under_our_key_are_for_a_person_to_judge() -> None:
    assert next_step(Verdict.CONFLICT, 0, random.Random(1)).state is DeliveryState.QUARANTINED


@given(attempts=st.integers(0, 10_000), seed=st.integers())
def test_every_delay_is_capped(attempts: int, seed: int) -> None:
    assert 0.0 <= full_jitter(attempts, random.Random(seed)) <= MAX_DELAY


@pytest.mark.parametrize("state", list(DeliveryState))
@pytest.mark.parametrize("action", list(DeliveryAction))
def test_allowed_actions_are_those_of_the_table(state: DeliveryState, action: DeliveryAction) -> None:
    assert (action in allowed_actions(state)) is ((state, action) in TRANSITIONS)


class TestRamp:
    def test_it_begins_with_one(self) -> None:
        assert Ramp().limit == 1

    def test_it_opens_with_successes_up_to_its_most(self) -> None:
        ramp = Ramp()
        widths = []
        for _ in range(200):
            ramp.succeeded()
            widths.append(ramp.limit)
        assert widths == sorted(widths)
        assert widths[-1] == MOST

    def test_a_failure_halves_it_and_it_opens_slower_then(self) -> None:
        ramp = Ramp()
        for _ in range(50):
            ramp.succeeded()
        ramp.failed()
        assert ramp.limit == MOST // 2
        ramp.succeeded()
        assert ramp.limit == MOST // 2

    def test_it_never_closes_entirely(self) -> None:
        ramp = Ramp()
        for _ in range(50):
            ramp.failed()
        assert ramp.limit == 1


class TestDrainRate:
    def test_too_few_receipts_say_nothing(self) -> None:
        rate = DrainRate()
        rate.note(NOW)
        assert rate.per_minute(NOW) is None
        assert rate.expected_end(NOW, 10) is None

    def test_an_end_is_expected_at_the_rate_that_was_seen(self) -> None:
        rate = DrainRate()
        for second in range(0, 300, 6):
            rate.note(NOW + timedelta(seconds=second))
        now = NOW + timedelta(minutes=5)
        assert rate.per_minute(now) == pytest.approx(10.0)
        assert rate.expected_end(now, 100) == now + timedelta(minutes=10)

    def test_an_empty_backlog_is_done(self) -> None:
        assert DrainRate().expected_end(NOW, 0) == NOW
