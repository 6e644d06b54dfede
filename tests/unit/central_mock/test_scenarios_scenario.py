"""A scenario as data: what its ramps make of each part of a stage, and the names of its rules."""

from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from services.central_mock.faults.scenarios.checking import check
from services.central_mock.faults.scenarios.presets import parse
from services.central_mock.faults.scenarios.scenario import Ramp, Scenario, Stage
from services.central_mock.faults.specs.http import Http503
from services.central_mock.faults.specs.socket import Bandwidth, Latency
from shared.problems import InvalidInput


def stage(*faults: dict[str, Any]) -> Stage:
    return Stage.model_validate({"name": "bad", "lasts": "PT60S", "faults": list(faults)})


def ramp(parameter: str, start: float, end: float, steps: int) -> dict[str, Any]:
    return {"parameter": parameter, "from": start, "to": end, "steps": steps}


def test_a_ramps_first_part_has_where_it_begins_and_its_last_where_it_ends() -> None:
    slope = Ramp.model_validate(ramp("seconds", 0.0, 9.0, 4))
    assert [slope.value(Fraction(k, 4)) for k in range(4)] == [0.0, 3.0, 6.0, 9.0]
    assert slope.value(Fraction(99, 100)) == 9.0


def test_ramps_of_different_steps_divide_a_stage_together() -> None:
    two = stage(
        {"name": "slow", "fault": {"kind": "LATENCY", "seconds": 1}, "ramps": [ramp("seconds", 1, 2, 2)]},
        {"name": "erring", "fault": {"kind": "RESET"}, "ramps": [ramp("probability", 0.1, 0.3, 3)]},
    )
    assert two.shares == [0, Fraction(1, 3), Fraction(1, 2), Fraction(2, 3)]
    assert two.span().cuts == (0.0, 20.0, 30.0, 40.0)
    slow, erring = two.faults
    assert isinstance(slow.fault, Latency)
    moved = [slow.at(share).fault for share in two.shares]
    assert [each.seconds for each in moved if isinstance(each, Latency)] == [1.0, 1.0, 2.0, 2.0]
    assert [erring.at(share).shape.probability for share in two.shares] == pytest.approx([0.1, 0.2, 0.2, 0.3])


def test_a_whole_number_stays_whole() -> None:
    (fault,) = stage(
        {"name": "down", "fault": {"kind": "HTTP_503"}, "ramps": [ramp("retry_after", 30, 5, 4)]}
    ).faults
    told = [fault.at(Fraction(k, 4)).fault for k in range(4)]
    assert [each.retry_after for each in told if isinstance(each, Http503)] == [30, 22, 13, 5]


def test_a_number_that_may_be_missing_can_be_moved() -> None:
    (fault,) = stage(
        {
            "name": "thin",
            "fault": {"kind": "BANDWIDTH", "bytes_in_per_second": 100},
            "ramps": [ramp("bytes_in_per_second", 100, 200, 2), ramp("bytes_out_per_second", 10, 20, 2)],
        }
    ).faults
    last = fault.at(Fraction(1, 2)).fault
    assert isinstance(last, Bandwidth)
    assert (last.bytes_in_per_second, last.bytes_out_per_second) == (200.0, 20.0)


def test_a_rule_says_where_it_came_from_and_fits_a_rules_name() -> None:
    fault = {"name": "f" * 30, "fault": {"kind": "RESET"}}
    stages = [{"name": "s" * 25, "lasts": "PT1M", "faults": [fault]}]
    fits = Scenario.model_validate({"name": "abcdefg", "stages": stages})
    assert fits.rule_name(0, "down") == f"abcdefg.{'s' * 25}.down"
    with pytest.raises(ValidationError, match="more than 64 characters"):
        Scenario.model_validate({"name": "abcdefgh", "stages": stages})


def test_a_file_reads_as_the_consoles_json_does() -> None:
    text = """
    name = "small"
    loop = "FOREVER"
    for = "PT1H"
    [[stages]]
    name = "down"
    lasts = "PT30S"
    faults = [{ name = "cut", fault = { kind = "RESET" }, shape = { probability = 0.5 } }]
    """
    fault = {"name": "cut", "fault": {"kind": "RESET"}, "shape": {"probability": 0.5}}
    stages = [{"name": "down", "lasts": "PT30S", "faults": [fault]}]
    told = {"name": "small", "loop": "FOREVER", "for": "PT1H", "stages": stages}
    assert parse(text) == Scenario.model_validate(told)


@pytest.mark.parametrize(("lasts", "refused"), [("PT10M", True), ("PT11M", False)])
def test_a_fault_that_would_begin_after_its_stage_is_found_when_it_is_defined(
    lasts: str, refused: bool
) -> None:
    fault = {"name": "lost", "fault": {"kind": "FORGOTTEN", "after_seconds": 600}}
    scenario = Scenario.model_validate(
        {"name": "late", "stages": [{"name": "one", "lasts": lasts, "faults": [fault]}]}
    )
    if not refused:
        check(scenario)
        return
    with pytest.raises(InvalidInput) as error:
        check(scenario)
    assert [each.pointer for each in error.value.errors] == ["/body/stages/0/faults/0/fault/after_seconds"]
