"""What ops do with scenarios: start, pause, resume, step, stop. One runs at a time, and one order is done at a time."""

from collections.abc import Callable

from services.central_mock.faults.scenarios.domain import (
    AFTER,
    Action,
    Place,
    allowed,
    paused,
    resumed,
    stepped,
)
from services.central_mock.faults.scenarios.keeping import Deed
from services.central_mock.faults.scenarios.playing import Playing
from services.central_mock.faults.scenarios.run import Run
from services.central_mock.faults.scenarios.scenario import Scenario
from shared.problems import Conflict, IllegalAction, InvalidInput

Change = Callable[[Run], Place | None]
"""What an action makes of a run's place; None ends it."""


class ScenarioRuns(Conflict):
    """Another scenario runs; one at a time."""

    type, title = "scenario-runs", "A scenario runs"


class RuleRefused(Conflict):
    """A rule of the first stage can't be set beside those that are on."""

    type, title = "rule-refused", "Rule refused"


class Player(Playing):
    """Takes orders between what the clock brings."""

    async def start(self, scenario: Scenario, *, by: str, reason: str = "", stage: str | None = None) -> None:
        """Begin. Raises ScenarioRuns while one runs, RuleRefused when its first rules can't be set."""
        place = Place(stage=_number_of(scenario, stage))
        async with self._one_at_a_time:
            self._may(scenario.name, Action.START)
            now, seed = self.clock.now(), self._hand.book.seed
            run = Run(
                scenario=scenario,
                place=place,
                started_at=now,
                started_by=by,
                reason=reason,
                stage_since=now,
                seed_before=None if scenario.seed is None else seed,
            )
            await self._keep(run, Deed.SCENARIO_STARTED, by=by, reason=reason)
            self._take(run)
            try:
                await self._begin(run)
            except BaseException:
                await self._end("it could not start", by=by)
                raise
            self._tell("started", run, by=by, reason=reason)
            self._changed.set()

    async def _begin(self, run: Run) -> None:
        if run.scenario.seed is not None:
            await self._hand.book.set_seed(run.scenario.seed, by=run.started_by)
        for rule, why in (await self._settle()).items():
            raise RuleRefused(f"'{rule}' can't be set: {why}", rule=rule)

    async def pause(self, name: str, *, seconds: float, by: str) -> None:
        """Hold the stage, its faults on, for so long at most."""
        await self._act(name, Action.PAUSE, Deed.SCENARIO_PAUSED, by, lambda run: paused(run.place, seconds))

    async def resume(self, name: str, *, by: str) -> None:
        """Go on."""
        await self._act(name, Action.RESUME, Deed.SCENARIO_RESUMED, by, lambda run: resumed(run.place))

    async def step(self, name: str, *, by: str, leaving: str | None = None) -> None:
        """Go to the next stage now. Raises Conflict when it is not in the stage that is to be left."""

        def change(run: Run) -> Place | None:
            if leaving is not None and run.stage.name != leaving:
                raise Conflict(f"'{name}' is in the stage '{run.stage.name}'", stage=run.stage.name)
            return stepped(run.scenario.timeline, run.place)

        await self._act(name, Action.STEP, Deed.SCENARIO_STEPPED, by, change)

    async def stop(self, name: str, *, by: str, why: str = "") -> None:
        """End it and take its rules off; does no harm when it does not run."""
        why = why or f"stopped by {by}"
        async with self._one_at_a_time:
            if self.running == name:
                await self._end(why, by=by)
            else:
                await self._hand.take_all_off(name, why=why, by=by)

    async def stop_running(self, *, by: str, why: str) -> None:
        """End whatever runs."""
        if (name := self.running) is not None:
            await self.stop(name, by=by, why=why)

    def _may(self, name: str, action: Action) -> None:
        state = self.state_of(name)
        if action is Action.START and self._run is not None:
            raise ScenarioRuns(
                f"'{self.running}' is {self._run.place.state}; stop it first",
                running=self.running,
                state=self._run.place.state,
            )
        if (state, action) not in AFTER:
            raise IllegalAction(action, state, allowed(state))

    async def _act(self, name: str, action: Action, deed: Deed, by: str, change: Change) -> None:
        async with self._one_at_a_time:
            self._may(name, action)
            run = self.now()
            assert run is not None
            place = change(run)
            if place is None:
                await self._end(f"stepped over its last stage by {by}", by=by)
                return
            new = run.at(place, self.clock.now())
            self._take(new)
            try:
                await self._settle(deed, by=by)
                self._tell(deed.removeprefix("SCENARIO_").lower(), new, by=by)
            finally:
                self._changed.set()


def _number_of(scenario: Scenario, stage: str | None) -> int:
    if stage is None:
        return 0
    for number, each in enumerate(scenario.stages):
        if each.name == stage:
            return number
    raise InvalidInput.field("/body/stage", f"'{scenario.name}' has no stage called {stage!r}")
