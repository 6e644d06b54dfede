"""Rules of a scenario that could never be set: found when it is defined, not when it is played."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from services.central_mock.faults.rules.domain import Rule
from services.central_mock.faults.rules.refusals import check_not_covered, check_order
from services.central_mock.faults.rules.schemas import RuleOrder
from services.central_mock.faults.scenarios.scenario import Scenario, StageFault
from shared.problems import Conflict, FieldError, InvalidInput

NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def check(scenario: Scenario) -> None:
    """Raise InvalidInput, naming each fault that can't be set as it stands, or beside the others of its stage."""
    errors = list(_errors(scenario))
    if errors:
        raise InvalidInput(f"{len(errors)} of the scenario's faults can't be set", errors=errors)


def _errors(scenario: Scenario) -> Iterator[FieldError]:
    for number, stage in enumerate(scenario.stages):
        told: set[tuple[str, str]] = set()
        for share in {
            stage.shares[0],
            stage.shares[-1],
        }:  # limits are ranges: what lies between is within them
            before: list[Rule] = []
            for place, fault in enumerate(stage.faults):
                pointer = f"/body/stages/{number}/faults/{place}"
                moved = fault.at(share)
                rule = _rule(moved, place)
                for error in (*_alone(moved, stage.lasts), *_beside(rule, before)):
                    if (key := (pointer + error.pointer, error.detail)) not in told:
                        told.add(key)
                        yield FieldError(pointer=key[0], detail=key[1])
                before.append(rule)


def _alone(fault: StageFault, life: timedelta) -> list[FieldError]:
    try:
        check_order(
            RuleOrder(
                fault=fault.fault,
                match=fault.match,
                shape=fault.shape,
                priority=fault.priority,
                life=life,
            )
        )
    except InvalidInput as error:
        return error.errors
    return []


def _beside(rule: Rule, others: list[Rule]) -> list[FieldError]:
    try:
        check_not_covered(rule, others)
    except Conflict as error:
        return [FieldError(pointer="", detail=error.detail)]
    return []


def _rule(fault: StageFault, number: int) -> Rule:
    return Rule(
        name=fault.name,
        fault=fault.fault,
        match=fault.match,
        shape=fault.shape,
        priority=fault.priority,
        seconds=1.0,
        since=NO_TIME,
        set_by="",
        reason="",
        number=number,
    )
