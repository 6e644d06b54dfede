"""Keeping the rules in step with the stage of a running scenario: as time passes, and after a restart.

The rules of a stage are set with no longer life than the stage has, so that they end even if nobody is there to end
them. Time is counted as it passes, at the clock's speed, so that moving the clock loses no place.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog

from services.central_mock.faults.rules.passing import sleep_or
from services.central_mock.faults.rules.service import RuleBook
from services.central_mock.faults.scenarios.domain import State, next_change, passed
from services.central_mock.faults.scenarios.keeping import Deed, forget_run, keep_run, kept_run
from services.central_mock.faults.scenarios.run import Run
from services.central_mock.faults.scenarios.schemas import Ending
from services.central_mock.faults.scenarios.stagehand import Stagehand
from services.central_mock.journal.domain import What
from services.central_mock.journal.journal import Journal
from shared.clock import SystemClock
from shared.database import Database, DatabaseUnavailable

log = structlog.get_logger()

TRIES_AGAIN_AFTER = 1.0
"""Real seconds until a change is tried again that the database could not take."""


class Playing:
    """A run under way: brings the rules in line with the clock, and keeps it for a restart."""

    def __init__(
        self,
        rules: RuleBook,
        clock: SystemClock,
        database: Database,
        journal: Journal,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hand = Stagehand(rules)
        self.clock = clock
        self._monotonic = monotonic
        self._database = database
        self._journal = journal
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Event()
        self._run: Run | None = None
        self._marked, self._speed = 0.0, 1.0
        """When (monotonic) the run was where it says, and the clock's speed since."""
        self._settled = True
        """Whether the rules and the database are as the run says."""
        self.last: Ending | None = None
        """How the last run came to its end."""
        self.restored: str | None = None
        """What the last start found; None when nothing was running."""

    # What can be asked

    @property
    def running(self) -> str | None:
        """The name of the scenario that runs or is paused."""
        return None if self._run is None else self._run.scenario.name

    def state_of(self, name: str) -> State:
        """What a scenario does now."""
        return self._run.place.state if self._run and self.running == name else State.IDLE

    def now(self) -> Run | None:
        """The run as the clock has it; its rules follow within a moment."""
        if self._run is None:
            return None
        place = passed(self._run.scenario.timeline, self._run.place, self._elapsed())
        return self._run if place is None else self._run.at(place, self.clock.now())

    def rules_on(self) -> list[str]:
        """The names of its rules that are in force."""
        return [rule.name for rule in self._hand.rules_of(self.running)] if self.running else []

    # What the clock brings

    async def play(self) -> None:
        """Go from stage to stage, for the life of the service."""
        while True:
            self._changed.clear()
            await self._wait()
            if self._changed.is_set():  # ops did something, and settled it
                continue
            async with self._one_at_a_time:
                try:
                    await self.go_on()
                except DatabaseUnavailable as error:
                    log.error("scenario.waits", scenario=self.running, reason=str(error))

    async def go_on(self) -> None:
        """Do what the time that has passed asks for. Raises DatabaseUnavailable; again, it does the same."""
        if self._run is None:
            if not self._settled:
                await self._forget()
            return
        before = self._run
        place = passed(before.scenario.timeline, before.place, self._elapsed())
        if place is None:
            await self._end("it was played to its end", by="")
            return
        run = before.at(place, self.clock.now())
        self._take(run, settled=self._settled)
        await self._settle()
        if (before.place.round, before.place.stage) != (place.round, place.stage):
            self._tell("stage", run)
        elif before.place.state is not place.state:
            self._tell("resumed", run, by="")

    async def _wait(self) -> None:
        """Until something is to be done, the clock was changed, or ops did something."""
        if not self._settled:
            await asyncio.sleep(TRIES_AGAIN_AFTER)
            return
        if self._run is None:
            await self._changed.wait()
            return
        due = next_change(self._run.scenario.timeline, self._run.place) - self._elapsed()
        await sleep_or(self.clock, due, self._changed)

    async def restore(self) -> None:
        """Go on with what ran when the process died, where it would be now. After the rules were restored."""
        now = self.clock.now()
        kept = await self._database.read(kept_run)
        if kept is None:
            return
        try:
            run, place = Run.found(kept, now)
        except (
            ValueError,
            KeyError,
            TypeError,
        ) as error:  # another version's; not worth a centre that can't start
            self.restored = "a scenario that can't be read any more"
            log.error("scenario.unreadable", reason=str(error))
            return
        name = run.scenario.name
        self._take(run)
        if place is None:
            self.restored = f"the scenario {name} was over"
            await self._end(self.restored, by="")
        else:
            run = run.at(place, now)
            self._take(run)
            await self._settle()
            self.restored = (
                f"the scenario {name} in its stage {run.stage.name} for another {run.faults_live:.0f} s"
            )
        log.warning("scenario.restored", what=self.restored)

    # How it is done

    def _elapsed(self) -> float:
        """Seconds of the clock since the mark."""
        return max(self._monotonic() - self._marked, 0.0) * self._speed

    def _take(self, run: Run, *, settled: bool = False) -> None:
        """The run as it stands at this moment."""
        self._run, self._settled = run, settled
        self._marked, self._speed = self._monotonic(), self.clock.speed

    async def _settle(self, deed: Deed | None = None, *, by: str = "") -> dict[str, str]:
        """Bring the rules in line with the run, and keep it; what was refused.

        Raises DatabaseUnavailable; `play` tries again.
        """
        assert self._run is not None
        renew, self._settled = not self._settled, False
        refused = await self._hand.bring_about(self._run, renew=renew)
        self._run = self._run.model_copy(update={"refused": refused})
        await self._keep(self._run, deed, by=by)
        self._settled = True
        return refused

    async def _keep(self, run: Run, deed: Deed | None, *, by: str, reason: str = "") -> None:
        now = self.clock.now()
        await self._database.write(
            lambda session: keep_run(session, run=run, now=now, deed=deed, by=by, reason=reason)
        )

    async def _end(self, why: str, *, by: str) -> None:
        """Take all its rules off and forget it."""
        run, self._run = self._run, None
        assert run is not None
        self.last = Ending(scenario=run.scenario.name, at=self.clock.now(), by=by, why=why)
        self._tell("ended", run, by=by, why=why)
        try:
            await self._hand.take_all_off(run.scenario.name, why=why, by=by)
            await self._forget()
            await self._put_seed_back(run, by=by)
        except DatabaseUnavailable as error:  # its rules are off, and `play` tries again to forget it
            log.error("scenario.waits", scenario=run.scenario.name, reason=str(error))
        finally:
            self._changed.set()

    async def _forget(self) -> None:
        """A restart shall not go on with the last run."""
        ending = self.last
        assert ending is not None
        self._settled = False
        await self._database.write(lambda session: forget_run(session, ending=ending))
        self._settled = True

    async def _put_seed_back(self, run: Run, *, by: str) -> None:
        if run.seed_before is not None and self._hand.book.seed == run.scenario.seed:
            await self._hand.book.set_seed(run.seed_before, by=by)

    def _tell(self, event: str, run: Run, **detail: Any) -> None:
        name, stage = run.scenario.name, run.stage.name
        log.warning("scenario.changed", what=event, scenario=name, stage=stage, **detail)
        self._journal.note(What.SCENARIO, at=self.clock.now(), event=event, name=name, stage=stage, **detail)
