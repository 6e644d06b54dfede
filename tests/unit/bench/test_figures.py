"""A line of the bench: pairs, ratios, aims."""

import pytest

from services.ektp.bench.figures import Figure, percentile
from services.ektp.bench.table import table


def figure(measured: list[float], yardstick: list[float], *, aim: float, at_most: bool = False) -> Figure:
    return Figure("what", "beside what", "requests/s", measured, yardstick, aim, at_most=at_most)


def test_a_ratio_is_the_median_over_the_pairs_and_not_of_the_medians() -> None:
    noisy = figure([10.0, 1.0, 40.0], [20.0, 2.0, 50.0], aim=0.5)
    assert noisy.ratio == 0.5
    assert noisy.met


def test_an_aim_can_be_a_floor_or_a_ceiling() -> None:
    assert not figure([1.0], [4.0], aim=0.4).met
    assert figure([1.0], [4.0], aim=0.4, at_most=True).met


def test_the_json_keeps_every_round() -> None:
    kept = figure([1.0, 3.0], [2.0, 4.0], aim=0.4).as_json()
    assert [each["ratio"] for each in kept["rounds"]] == [0.5, 0.75]
    assert kept["met"] is True


@pytest.mark.parametrize(("part", "expected"), [(0.0, 1.0), (0.5, 51.0), (0.99, 100.0), (1.0, 100.0)])
def test_a_percentile_is_one_of_the_values(part: float, expected: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], part) == expected


def test_the_table_says_plainly_what_was_missed() -> None:
    shown = table([figure([1.0], [4.0], aim=0.4), figure([2.0], [4.0], aim=0.4)])
    assert [str(cell) for cell in shown.columns[-1].cells] == ["[bold red]NO[/]", "[green]yes[/]"]
