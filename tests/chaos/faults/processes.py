"""Processes that die, and processes that stand still."""

from contextlib import suppress
from datetime import timedelta

from shared.testing.plan import process_names
from shared.testing.process import ProcessFailed
from tests.chaos.faults.acting import Counted, Option, Planned, Stage, in_thread, turn
from tests.chaos.setup import Setup

STARTS_WITHIN = 15.0
PASSES = timedelta(hours=1)


def services(setup: Setup) -> list[Option]:
    """Each process of the trio."""
    return [Option(name, (name,)) for name in process_names(setup.replicas)]


class Killed:
    """Kill -9; started again when it ends."""

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._process = stage.trio.processes[planned.target]
        self._counted = Counted(stage, planned.target, "killed")

    async def begin(self) -> None:
        await in_thread(self._process.kill)

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        self._process.spawn()
        with suppress(ProcessFailed):  # another fault may keep it from starting: that one ends, too
            await self._process.wait_ready(STARTS_WITHIN)


class Frozen:
    """SIGSTOP; its connections stay open and nothing answers."""

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._process = stage.trio.processes[planned.target]
        self._counted = Counted(stage, planned.target, "stopped")

    async def begin(self) -> None:
        self._process.stop()

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        self._process.cont()


def lease_holders(setup: Setup) -> list[Option]:
    """Only where there is another replica to take over."""
    if setup.replicas == 1:
        return []
    return [
        Option(one, (one, other), {"other": other})
        for one, other in (("enrolment", "enrolment-2"), ("enrolment-2", "enrolment"))
    ]


class LeaseExpires:
    """The holder stands still in the middle of its sending, and an hour passes for the other replica.

    Then it goes on and finds that it is later: a machine that was suspended.
    """

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._trio, self._planned = stage.trio, planned
        self._process = self._trio.processes[planned.target]
        self._counted = Counted(stage, planned.target, "stopped")

    async def begin(self) -> None:
        self._process.stop()
        await turn(self._trio, self._planned.detail["other"], PASSES)

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        self._process.cont()
        await turn(self._trio, self._planned.target, PASSES)
