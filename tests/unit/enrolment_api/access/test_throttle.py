"""Guessing gets slower and slower, and an honest mistake is forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from services.enrolment_api.access.throttle import (
    FORGOTTEN_AFTER,
    FREE_FAILURES,
    LONGEST_WAIT,
    REMEMBERED_NAMES,
    Throttle,
)


class Seconds:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_failures_cost_nothing_and_each_after_doubles_the_wait() -> None:
    throttle = Throttle(Seconds())
    waits = []
    for _ in range(FREE_FAILURES + 3):
        throttle.failed("officer")
        waits.append(throttle.wait("officer"))
    assert waits == [0.0] * (FREE_FAILURES - 1) + [2.0, 4.0, 8.0, 16.0]
    assert throttle.wait("somebody-else") == 0.0


def test_a_success_and_a_quarter_of_an_hour_forget() -> None:
    clock = Seconds()
    throttle = Throttle(clock)
    for _ in range(FREE_FAILURES):
        throttle.failed("officer")
    throttle.succeeded("officer")
    assert throttle.wait("officer") == 0.0
    for _ in range(FREE_FAILURES):
        throttle.failed("officer")
    clock.now += FORGOTTEN_AFTER
    throttle.failed("officer")
    assert throttle.wait("officer") == 0.0


@given(st.integers(1, 2000))
def test_the_wait_has_a_limit(failures: int) -> None:
    throttle = Throttle(Seconds())
    for _ in range(failures):
        throttle.failed("officer")
    assert throttle.wait("officer") <= LONGEST_WAIT


def test_names_that_nobody_has_do_not_fill_the_memory() -> None:
    throttle = Throttle(Seconds())
    for number in range(REMEMBERED_NAMES + 10):
        throttle.failed(f"name-{number}")
    assert len(throttle._failures) == REMEMBERED_NAMES
