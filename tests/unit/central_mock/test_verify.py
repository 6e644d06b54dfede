"""When a record counts as overtaken."""

from hypothesis import given
from hypothesis import strategies as st

from services.central_mock.journal.order import Arrived, overtaken


def of(*arrivals: float) -> list[Arrived]:
    """Records due at 0, 1, 2, … that arrived at these times; named by their place."""
    return [Arrived(str(place), place, arrived) for place, arrived in enumerate(arrivals)]


def test_in_order_nobody_is_overtaken() -> None:
    assert overtaken(of(10, 11, 12)) == []


def test_one_that_comes_last_was_overtaken_and_the_others_were_not() -> None:
    assert overtaken(of(99, 11, 12, 13)) == ["0"]


def test_all_that_one_has_passed_were_overtaken() -> None:
    assert overtaken(of(10, 11, 12, 5)) == ["0", "1", "2"]


def test_what_arrived_together_is_in_order() -> None:
    assert overtaken(of(10, 10, 10)) == []


def test_what_was_due_together_is_in_order() -> None:
    assert overtaken([Arrived("a", 0, 20), Arrived("b", 0, 10)]) == []


def test_a_tolerance_forgives_what_was_in_flight_together() -> None:
    assert overtaken(of(10.2, 10.0), tolerance=0.5) == []
    assert overtaken(of(11.0, 10.0), tolerance=0.5) == ["0"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20), st.integers(0, 3))
def test_it_is_what_its_definition_says(times: list[tuple[int, int]], tolerance: int) -> None:
    records = [Arrived(str(number), due, arrived) for number, (due, arrived) in enumerate(times)]
    expected = {
        each.key
        for each in records
        if any(other.due > each.due and other.arrived + tolerance < each.arrived for other in records)
    }
    assert set(overtaken(records, tolerance=tolerance)) == expected
