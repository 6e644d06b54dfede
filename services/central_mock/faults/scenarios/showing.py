"""How a scenario and its run are told."""

from datetime import timedelta

from services.central_mock.faults.scenarios.domain import left, stage_left, stepped
from services.central_mock.faults.scenarios.presets import presets
from services.central_mock.faults.scenarios.scenario import Scenario
from services.central_mock.faults.scenarios.schemas import RunState, ScenarioState, ScenarioSummary, StageNow
from services.central_mock.faults.scenarios.service import Player


def summary(scenario: Scenario, player: Player) -> ScenarioSummary:
    """A scenario in the list."""
    timeline = scenario.timeline
    rounds = timeline.rounds
    return ScenarioSummary(
        name=scenario.name,
        description=scenario.description,
        source=scenario.source,
        preset=scenario.name in presets(),
        stages=[stage.name for stage in scenario.stages],
        rounds=scenario.loop,
        seconds=timeline.life if rounds is None else min(timeline.cycle * rounds, timeline.life),
        state=player.state_of(scenario.name),
    )


def scenario_state(scenario: Scenario, player: Player) -> ScenarioState:
    """A scenario, and what it does now."""
    last = player.last if player.last is not None and player.last.scenario == scenario.name else None
    return ScenarioState(
        scenario=scenario,
        preset=scenario.name in presets(),
        state=player.state_of(scenario.name),
        run=run_state(player) if player.running == scenario.name else None,
        last_run=last,
    )


def run_state(player: Player) -> RunState | None:
    """Where the run stands at this moment; None when nothing runs."""
    run, now = player.now(), player.clock.now()
    if run is None:
        return None
    timeline, place = run.scenario.timeline, run.place
    following = stepped(timeline, place)
    rest = left(timeline, place)
    return RunState(
        scenario=run.scenario.name,
        state=place.state,
        round=place.round,
        rounds=run.scenario.loop,
        stage=StageNow(
            name=run.stage.name,
            number=place.stage + 1,
            of=len(run.scenario.stages),
            since=run.stage_since,
            seconds_passed=round(place.into, 3),
            seconds_left=None if place.pause is not None else round(stage_left(timeline, place), 3),
            rules=player.rules_on(),
            refused=run.refused,
        ),
        next_stage=None if following is None else run.scenario.stages[following.stage].name,
        seconds_left=round(rest, 3),
        ends_at=now + timedelta(seconds=rest),
        resumes_at=None if place.pause is None else now + timedelta(seconds=place.pause),
        started_at=run.started_at,
        started_by=run.started_by,
        reason=run.reason,
    )
