"""Power that goes: a part alone, or everything in the house. What its disks had not synced is gone with it."""

from contextlib import suppress

from shared.testing.plan import BROKER, CENTRE, POSTGRES, REPLICATED, process_names
from shared.testing.process import ProcessFailed
from tests.chaos.faults.acting import Counted, Option, Planned, Stage, in_thread
from tests.chaos.faults.processes import STARTS_WITHIN
from tests.chaos.setup import Setup

DATABASES = tuple(f"database {name}" for name in REPLICATED)


def parts(setup: Setup) -> list[Option]:
    """Each that has a disk of its own, which nothing else may befall meanwhile."""
    if not setup.disks:
        return []
    centre = _cut(CENTRE, CENTRE, keeping=(CENTRE,))
    if setup.database == "postgresql":
        return [centre, _cut(POSTGRES, POSTGRES, *DATABASES, keeping=(POSTGRES,))]
    return [centre, *(_cut(name, name, f"database {name}", keeping=(name,)) for name in REPLICATED)]


def the_broker(setup: Setup) -> list[Option]:
    """It takes longer to start than the others."""
    return [_cut(BROKER, BROKER, keeping=(BROKER,))] if setup.disks else []


def offices(setup: Setup) -> list[Option]:
    """The whole house: a kecamatan's node, or the room where servers and all replicas stand."""
    if not setup.disks:
        return []
    processes = [name for name in process_names(setup.replicas) if name != CENTRE]
    if setup.database == "postgresql":
        return [_cut("server room", *processes, BROKER, POSTGRES, *DATABASES, keeping=(BROKER, POSTGRES))]
    return [_cut("office", *processes, BROKER, *DATABASES, keeping=(*REPLICATED, BROKER))]


def _cut(target: str, *alone: str, keeping: tuple[str, ...]) -> Option:
    without_power = tuple(part for part in alone if part not in DATABASES)
    return Option(target, alone, {"off": without_power, "keeping": keeping})


class PowerCut:
    """Everything is off at once, and started when it ends: servers first, as they are needed."""

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._trio = stage.trio
        self._off: tuple[str, ...] = planned.detail["off"]
        self._counted = [Counted(stage, name, "power cut") for name in planned.detail["keeping"]]

    async def begin(self) -> None:
        await in_thread(lambda: self._trio.cut_power(*self._off))

    async def acted(self) -> int:
        """The disk that was cut least often counts."""
        return min(each.since() for each in self._counted)

    async def end(self) -> None:
        if POSTGRES in self._off:
            await self._trio.postgres.start()
        if BROKER in self._off:
            await self._trio.broker.start()
        processes = [self._trio.processes[name] for name in self._off if name in self._trio.processes]
        for process in processes:
            process.spawn()
        for process in processes:
            with suppress(ProcessFailed):  # another fault may keep it from starting: that one ends, too
                await process.wait_ready(STARTS_WITHIN)
