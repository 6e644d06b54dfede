"""The link's state machine, and which hop a failure points at."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrolment_api.link.domain import (
    ALLOWED,
    FAILURES_UNTIL_OFFLINE,
    HOPS,
    MAX_PROBE_DELAY,
    MAX_RETRY_AFTER,
    Failure,
    LinkStatus,
    after_failure,
    after_success,
    paused,
    resumed,
)
from shared.contracts.enrolment import LinkState
from shared.contracts.queue import Hop

START = datetime(2017, 6, 14, 1, 30, tzinfo=UTC)


def online() -> LinkStatus:
    return LinkStatus(state=LinkState.ONLINE, since=START)


def fail(
    link: LinkStatus, times: int, *, now: datetime = START, failure: Failure = Failure.REFUSED
) -> LinkStatus:
    for _ in range(times):
        link = after_failure(link, failure, now, random.Random(1))
    return link


class TestGoingOut:
    def test_one_failure_only_degrades(self) -> None:
        assert fail(online(), 1).state is LinkState.DEGRADED

    def test_failures_in_a_row_are_an_outage_since_the_first_of_them(self) -> None:
        link = fail(online(), 1)
        link = fail(link, FAILURES_UNTIL_OFFLINE - 1, now=START + timedelta(seconds=20))
        assert link.state is LinkState.OFFLINE
        assert link.failing_since == START
        assert link.since == START + timedelta(seconds=20)

    def test_a_success_between_begins_the_count_again(self) -> None:
        link = after_success(fail(online(), FAILURES_UNTIL_OFFLINE - 1), START)
        assert fail(link, FAILURES_UNTIL_OFFLINE - 1).state is LinkState.DEGRADED


class TestComingBack:
    def test_it_takes_a_probe_and_a_delivery(self) -> None:
        link = after_success(fail(online(), 3), START)
        assert link.state is LinkState.PROBING
        assert not link.sends
        link = after_success(link, START)
        assert link.state is LinkState.ONLINE
        assert link.hop is None

    def test_a_failed_trial_goes_back_out(self) -> None:
        link = after_success(fail(online(), 3), START)
        assert fail(link, 1).state is LinkState.OFFLINE

    @given(seed=st.integers(), failures=st.integers(3, 60))
    def test_the_next_probe_is_never_further_than_the_cap(self, seed: int, failures: int) -> None:
        dice, link = random.Random(seed), online()
        for _ in range(failures):
            link = after_failure(link, Failure.NO_ANSWER, START, dice)
        assert link.not_before is not None
        assert START <= link.not_before <= START + timedelta(seconds=MAX_PROBE_DELAY)

    def test_retry_after_is_obeyed_and_capped(self) -> None:
        link = after_failure(fail(online(), 2), Failure.BUSY, START, random.Random(1), 120)
        assert link.not_before is not None
        assert link.not_before >= START + timedelta(seconds=120)
        link = after_failure(link, Failure.BUSY, START, random.Random(1), 10**9)
        assert link.not_before == START + timedelta(seconds=MAX_RETRY_AFTER)

    def test_a_clock_that_was_set_back_leaves_no_longer_wait_than_there_is(self) -> None:
        link = after_failure(fail(online(), 2), Failure.BUSY, START, random.Random(1), 120)
        assert link.patience(START + timedelta(seconds=20)) == 100.0
        assert link.patience(START + timedelta(seconds=120)) == 0.0
        assert link.patience(START - timedelta(hours=7)) == 0.0

    def test_a_busy_centre_is_left_alone_even_before_the_link_is_out(self) -> None:
        link = after_failure(online(), Failure.BUSY, START, random.Random(1), 30)
        assert link.state is LinkState.DEGRADED
        assert link.not_before == START + timedelta(seconds=30)


class TestPausing:
    def test_nothing_that_is_seen_ends_a_pause(self) -> None:
        link = paused(online(), "ops", START)
        assert after_success(link, START) is link
        assert after_failure(link, Failure.REFUSED, START, random.Random(1)) is link

    def test_after_a_pause_the_centre_is_probed_first(self) -> None:
        assert resumed(paused(online(), "ops", START), START).state is LinkState.PROBING


@pytest.mark.parametrize(
    ("failure", "hop"),
    [
        (Failure.NO_NETWORK, Hop.OFFICE),
        (Failure.NO_NAME, Hop.LINK),
        (Failure.CONNECT_TIMEOUT, Hop.LINK),
        (Failure.INTERCEPTED, Hop.LINK),
        (Failure.REFUSED, Hop.CENTRE),
        (Failure.NO_ANSWER, Hop.CENTRE),
        (Failure.SERVER_ERROR, Hop.CENTRE),
    ],
)
def test_a_failure_points_at_its_hop(failure: Failure, hop: Hop) -> None:
    assert fail(online(), 3, failure=failure).hop is hop


def test_every_failure_has_a_hop_and_every_state_its_actions() -> None:
    assert set(HOPS) == set(Failure)
    assert set(ALLOWED) == set(LinkState)
