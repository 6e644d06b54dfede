"""The console's scenarios: define, list, show, start, pause, resume, step, stop. All for ops."""

from typing import Annotated

from fastapi import APIRouter, Path, Response, status

from services.central_mock.faults.scenarios import definitions
from services.central_mock.faults.scenarios.checking import check
from services.central_mock.faults.scenarios.domain import Action, State
from services.central_mock.faults.scenarios.scenario import Scenario
from services.central_mock.faults.scenarios.schemas import (
    PauseOrder,
    ScenarioState,
    ScenarioSummary,
    StartOrder,
    StepOrder,
)
from services.central_mock.faults.scenarios.showing import scenario_state, summary
from services.central_mock.runtime import CentreRuntime, CurrentCentre
from shared.pages import Page
from shared.problems import IllegalAction, InvalidInput
from shared.security import Ops

router = APIRouter(prefix="/control/v1/scenarios", tags=["scenarios"])

Name = Annotated[str, Path(max_length=40)]


@router.get("")
async def list_scenarios(centre: CurrentCentre, _ops: Ops) -> Page[ScenarioSummary]:
    """All that can be started: those that come with the centre and those that were defined. Always one page."""
    found = await centre.database.read(definitions.find_all)
    return Page(items=[summary(each, centre.scenarios) for each in found], next_cursor=None)


@router.get("/{name}")
async def show_scenario(centre: CurrentCentre, _ops: Ops, name: Name) -> ScenarioState:
    """Its stages; while it runs also which one it is in, since when, what comes next and how much is left."""
    return scenario_state(await _found(centre, name), centre.scenarios)


@router.put("/{name}", responses={status.HTTP_201_CREATED: {"model": ScenarioState}})
async def define_scenario(
    centre: CurrentCentre, ops: Ops, name: Name, scenario: Scenario, response: Response
) -> ScenarioState:
    """Define it, or define it anew: 201 when there was none of that name. Not while it runs."""
    if scenario.name != name:
        raise InvalidInput.field("/body/name", f"the path says {name!r}")
    check(scenario)
    _not_running(centre, name, "define")
    now = centre.clock.now()
    if await centre.database.write(
        lambda session: definitions.define(session, scenario=scenario, at=now, by=ops.subject)
    ):
        response.status_code = status.HTTP_201_CREATED
    return scenario_state(scenario, centre.scenarios)


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def forget_scenario(centre: CurrentCentre, _ops: Ops, name: Name) -> None:
    """Forget what was defined. Not while it runs."""
    _not_running(centre, name, "delete")
    await centre.database.write(lambda session: definitions.forget(session, name=name))


@router.post("/{name}/start")
async def start(
    centre: CurrentCentre, ops: Ops, name: Name, order: StartOrder | None = None
) -> ScenarioState:
    """Begin with its first stage, or the one that is named. One scenario runs at a time."""
    order = order or StartOrder()
    scenario = await _found(centre, name)
    await centre.scenarios.start(scenario, stage=order.stage, by=ops.subject, reason=order.reason)
    return scenario_state(scenario, centre.scenarios)


@router.post("/{name}/pause")
async def pause(
    centre: CurrentCentre, ops: Ops, name: Name, order: PauseOrder | None = None
) -> ScenarioState:
    """Hold the stage it is in, with its faults on, for an hour if nothing is said. Again: the pause begins anew."""
    scenario = await _found(centre, name)
    seconds = (order or PauseOrder()).life.total_seconds()
    await centre.scenarios.pause(name, seconds=seconds, by=ops.subject)
    return scenario_state(scenario, centre.scenarios)


@router.post("/{name}/resume")
async def resume(centre: CurrentCentre, ops: Ops, name: Name) -> ScenarioState:
    """Go on from where it was held."""
    scenario = await _found(centre, name)
    await centre.scenarios.resume(name, by=ops.subject)
    return scenario_state(scenario, centre.scenarios)


@router.post("/{name}/step")
async def step(centre: CurrentCentre, ops: Ops, name: Name, order: StepOrder | None = None) -> ScenarioState:
    """Go to the next stage now, and stay paused if it is. After the last stage it is over."""
    scenario = await _found(centre, name)
    await centre.scenarios.step(name, leaving=(order or StepOrder()).stage, by=ops.subject)
    return scenario_state(scenario, centre.scenarios)


@router.post("/{name}/stop")
async def stop(centre: CurrentCentre, ops: Ops, name: Name) -> ScenarioState:
    """End it and all its faults. Says so too when it did not run."""
    scenario = await _found(centre, name)
    await centre.scenarios.stop(name, by=ops.subject)
    return scenario_state(scenario, centre.scenarios)


async def _found(centre: CentreRuntime, name: str) -> Scenario:
    return await centre.database.read(lambda session: definitions.find(session, name=name))


def _not_running(centre: CentreRuntime, name: str, what: str) -> None:
    state = centre.scenarios.state_of(name)
    if state is not State.IDLE:
        raise IllegalAction(what, state, [Action.STOP])
