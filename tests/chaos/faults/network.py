"""Bad ways between the parts: cut, stalled, slow, answers lost, connections reset in the middle."""

import asyncio
from typing import Any

from shared.testing.plan import BROKER, CENTRE, CLIENTS, DATABASE, REPLICATED, hop_name, process_names
from shared.testing.proxy.faults import (
    Cut,
    Direction,
    Fault,
    LoseAnswers,
    ResetAfter,
    Slow,
    Stall,
    Swallow,
    Unanswered,
)
from tests.chaos.faults.acting import Counted, Option, Planned, Stage
from tests.chaos.setup import Setup

FAULTS: dict[str, Fault] = {
    "Cut": Cut(),
    "Stall": Stall(),
    "Slow": Slow(bytes_per_second=20_000, latency=0.05),
    "LoseAnswers": LoseAnswers(),
    "Swallow": Swallow(directions=(Direction.ANSWERS,)),
    "ResetAfter": ResetAfter(carried=3000),
    "Unanswered": Unanswered(),
}
RECONNECTS = 1.0


def ways(setup: Setup) -> list[str]:
    """Every hop of the trio over which something goes in a run."""
    names = [name for name in process_names(setup.replicas) if name.split("-")[0] in REPLICATED]
    found = [hop_name(CLIENTS, name) for name in names]
    found += [hop_name(name, BROKER) for name in names]
    if setup.database == "postgresql":
        found += [hop_name(name, DATABASE) for name in names]
    return found + [hop_name(name, CENTRE) for name in names if name.startswith("enrolment")]


def hops_with(fault: str) -> Any:
    """Each hop, with that fault."""

    def options(setup: Setup) -> list[Option]:
        return [Option(name, (name,), {"fault": fault}) for name in ways(setup)]

    return options


class BadWay:
    """One fault on one hop."""

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._hop = stage.trio.hops[planned.target]
        self._fault = FAULTS[planned.detail["fault"]]
        self._counted = Counted(stage, planned.target, self._fault.kind)

    async def begin(self) -> None:
        self._hop.cause(self._fault)

    async def acted(self) -> int:
        if isinstance(self._fault, Cut) and not self._counted.since():
            # nobody had a connection, and nobody gets one from now on: let them come first
            self._hop.heal(Cut)
            await asyncio.sleep(RECONNECTS)
            self._hop.cause(self._fault)
        return self._counted.since()

    async def end(self) -> None:
        self._hop.heal(type(self._fault))


class Unreachable(BadWay):
    """What is open is reset, and who connects again hears nothing."""

    async def begin(self) -> None:
        await super().begin()
        self._hop.reset()


class AllReset:
    """Every connection that is open on a hop, reset now; again when there was none."""

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._hop = stage.trio.hops[planned.target]
        self._count = 0

    async def begin(self) -> None:
        self._count += self._hop.reset()

    async def acted(self) -> int:
        if not self._count:
            await self.begin()
        return self._count

    async def end(self) -> None:
        return
