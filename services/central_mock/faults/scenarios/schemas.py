"""What ops say to a scenario, and how a scenario and its run are shown."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.central_mock.faults.scenarios.domain import LONGEST_PAUSE, State
from services.central_mock.faults.scenarios.scenario import PartName, Scenario

DEFAULT_PAUSE = timedelta(hours=1)

Reason = Annotated[str, Field(max_length=500)]


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StartOrder(_Order):
    """How to start; all of it may be left out."""

    stage: Annotated[
        PartName | None, Field(description="Begin with this stage; null begins at the first")
    ] = None
    reason: Reason = ""


class PauseOrder(_Order):
    """How long to hold the stage, whose faults stay on."""

    life: Annotated[
        timedelta,
        Field(
            alias="for",
            gt=timedelta(0),
            le=timedelta(seconds=LONGEST_PAUSE),
            description="ISO 8601, of the clock; then it goes on by itself",
        ),
    ] = DEFAULT_PAUSE


class StepOrder(_Order):
    """Which stage to leave; null leaves whatever it is in. Named, the order is safe to send twice."""

    stage: PartName | None = None


class StageNow(BaseModel):
    """The stage a run is in."""

    name: str
    number: int
    """From 1."""
    of: int
    since: AwareDatetime
    seconds_passed: float
    seconds_left: float | None
    """Until the next stage; null while it is paused, for then nobody knows."""
    rules: list[str]
    """Its rules that are on now."""
    refused: dict[str, str]
    """Its rules that could not be set, and why."""


class RunState(BaseModel):
    """A scenario under way."""

    scenario: str
    state: State
    round: int
    rounds: int | Literal["FOREVER"]
    stage: StageNow
    next_stage: str | None
    """What comes after this stage; null when it is the last."""
    seconds_left: float
    """Until the end, if nobody does anything."""
    ends_at: AwareDatetime
    resumes_at: AwareDatetime | None
    """When a pause ends by itself."""
    started_at: AwareDatetime
    started_by: str
    reason: str


class Ending(BaseModel):
    """How the last run since the process started came to its end."""

    scenario: str
    at: AwareDatetime
    by: str
    """Nobody when it ended by itself."""
    why: str


class ScenarioSummary(BaseModel):
    """A scenario in the list."""

    name: str
    description: str
    source: str
    preset: bool
    """It comes with the centre and can't be changed."""
    stages: list[str]
    rounds: int | Literal["FOREVER"]
    seconds: float
    """Of the clock, that one run lasts at most."""
    state: State


class ScenarioState(BaseModel):
    """A scenario, and what it does now."""

    scenario: Scenario
    preset: bool
    state: State
    run: RunState | None
    last_run: Ending | None
