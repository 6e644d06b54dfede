"""One run of a scenario, as it is kept over a restart: who started it and why, and where it stands."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.central_mock.faults.scenarios.domain import Place, part_of, passed, stage_left
from services.central_mock.faults.scenarios.scenario import Scenario, Stage, StageFault


class Run(BaseModel):
    """A scenario under way. A change makes a new one."""

    model_config = ConfigDict(frozen=True)

    scenario: Scenario
    """As it was when it started: nothing that is defined anew changes a run."""
    place: Place
    started_at: AwareDatetime
    started_by: str
    reason: str
    stage_since: AwareDatetime
    seed_before: int | None = None
    """What the dice started from before the scenario set its own seed."""
    refused: dict[str, str] = {}
    """Rules of this stage that could not be set, and why."""

    @property
    def stage(self) -> Stage:
        """The stage it is in."""
        return self.scenario.stages[self.place.stage]

    @property
    def faults(self) -> dict[str, StageFault]:
        """What is on now, by the name of its rule."""
        part = part_of(self.scenario.timeline, self.place)
        return self.scenario.faults_in(self.place.stage, part)

    @property
    def faults_live(self) -> float:
        """Seconds of the clock that the faults of this stage may live."""
        return stage_left(self.scenario.timeline, self.place)

    def at(self, place: Place, now: datetime) -> "Run":
        """The run at another place; a stage that is new began as long ago as it is in."""
        if (place.round, place.stage) == (self.place.round, self.place.stage):
            return self.model_copy(update={"place": place})
        since = now - timedelta(seconds=place.into)
        return self.model_copy(update={"place": place, "stage_since": since, "refused": {}})

    def kept(self, now: datetime) -> dict[str, Any]:
        """As a standing order keeps it."""
        return {"run": self.model_dump(mode="json", by_alias=True), "as_of": now.isoformat()}

    @classmethod
    def found(cls, value: dict[str, Any], now: datetime) -> "tuple[Run, Place | None]":
        """What was kept, and where it stands now; nowhere when it is over.

        When the clock stands before the moment it was kept nothing can be known of how long it was: it is over.
        """
        run = cls.model_validate(value["run"])
        elapsed = (now - datetime.fromisoformat(value["as_of"])).total_seconds()
        return run, None if elapsed < 0 else passed(run.scenario.timeline, run.place, elapsed)
