"""Lets the faults of a schedule fall, takes them away, and keeps the proof that each acted."""

import asyncio
import time
from collections import Counter, defaultdict
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

from shared.testing.waiting import eventually
from tests.chaos.faults.acting import Planned, Stage
from tests.chaos.faults.table import BY_NAME

WAITS_FOR_PROOF = 25.0
"""Seconds that a fault may last longer than planned, until it has met somebody."""


@dataclass
class Injector:
    """Runs a schedule by the machine's time; a part that is still busy is waited for."""

    stage: Stage
    planned: list[Planned]
    acted: dict[int, int] = field(default_factory=dict)
    """How often each fault acted, by its number."""
    errors: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Until the last fault is over."""
        began = time.monotonic()
        parts: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        async with asyncio.TaskGroup() as falling:
            for each in self.planned:
                await asyncio.sleep(max(0.0, began + each.at - time.monotonic()))
                falling.create_task(self._fall(each, parts), name=f"fault {each.number}")

    async def _fall(self, planned: Planned, parts: dict[str, asyncio.Lock]) -> None:
        async with AsyncExitStack() as mine:
            for part in sorted(planned.parts):
                await mine.enter_async_context(parts[part])
            try:
                await self._act(planned)
            except Exception as error:  # noqa: BLE001  # the run goes on; a fault that could not be done is told
                self.errors.append(f"fault {planned.number} ({planned.kind} {planned.target}): {error!r}")
            await asyncio.sleep(BY_NAME[planned.kind].pause)

    async def _act(self, planned: Planned) -> None:
        acting = BY_NAME[planned.kind].make(self.stage, planned)
        self.stage.trio.timeline.note("schedule", f"fault {planned.number}: {planned.kind} {planned.target}")
        self.acted[planned.number] = 0
        await acting.begin()
        try:
            await asyncio.sleep(planned.lasts)
            with suppress(AssertionError):  # told as an idle fault
                self.acted[planned.number] = await eventually(acting.acted, within=WAITS_FOR_PROOF)
        finally:
            await acting.end()
            self.stage.trio.timeline.note(
                "schedule", f"fault {planned.number} is over, acted {self.acted[planned.number]} times"
            )

    def by_kind(self) -> Counter[str]:
        """How often each kind of fault really acted: of the centre's, by the console's own names."""
        found: Counter[str] = Counter()
        for each in self.planned:
            if self.acted.get(each.number):
                found[name_of(each)] += 1
        return found

    def idle(self) -> list[Planned]:
        """Faults that never met anybody: a failure of the schedule."""
        return [each for each in self.planned if not self.acted.get(each.number)]


def name_of(planned: Planned) -> str:
    """What it is counted as."""
    return f"centre: {planned.target}" if planned.kind.startswith("centre's") else planned.kind
