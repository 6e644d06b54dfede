"""What databases and disks do: locked, killed, full. And clocks that jump."""

from contextlib import suppress
from datetime import timedelta

from shared.testing.plan import REPLICATED, process_names
from tests.chaos.faults.acting import Counted, Option, Planned, Stage, in_thread
from tests.chaos.setup import Setup

POSTGRES = "postgres"
TRIES = 10


def databases(_setup: Setup) -> list[Option]:
    return [Option(name, (f"database {name}",)) for name in REPLICATED]


class Locked:
    """Somebody else has the service's database to himself."""

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._database = stage.trio.databases[planned.target]
        self._unlock = lambda: None
        self._locked = 0

    async def begin(self) -> None:
        for _ in range(TRIES):
            with suppress(Exception):  # all its tables at once is a deadlock with whoever has two of them
                self._unlock = await in_thread(self._database.lock)
                self._locked = 1
                return

    async def acted(self) -> int:
        return self._locked

    async def end(self) -> None:
        await in_thread(self._unlock)


def the_server(setup: Setup) -> list[Option]:
    every_database = tuple(f"database {name}" for name in REPLICATED)
    return [Option(POSTGRES, (POSTGRES, *every_database))] if setup.database == "postgresql" else []


class ServerKilled:
    """PostgreSQL's whole server, kill -9."""

    def __init__(self, stage: Stage, _planned: Planned) -> None:
        self._server = stage.trio.postgres
        self._counted = Counted(stage, self._server.name, "killed")

    async def begin(self) -> None:
        await in_thread(self._server.kill)

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        await self._server.start()


class ServerFrozen:
    """PostgreSQL's whole server stands still."""

    def __init__(self, stage: Stage, _planned: Planned) -> None:
        self._server = stage.trio.postgres
        self._counted = Counted(stage, self._server.name, "stopped")

    async def begin(self) -> None:
        await in_thread(self._server.stop)

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        await in_thread(self._server.cont)


def small_disks(setup: Setup) -> list[Option]:
    return [Option(name, (f"database {name}",)) for name in REPLICATED] if setup.disks else []


class DiskFull:
    """Not a byte left where the database is."""

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._disk = stage.trio.disks[planned.target]
        self._counted = Counted(stage, planned.target, "disk full")

    async def begin(self) -> None:
        await in_thread(self._disk.fill)

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        await in_thread(self._disk.free)


def clocks(setup: Setup) -> list[Option]:
    """Each process's own clock, an hour forwards or back."""
    return [
        Option(name, (name,), {"hours": hours}) for name in process_names(setup.replicas) for hours in (1, -1)
    ]


class ClockJump:
    """It jumps, and nobody puts it back: time goes on from there."""

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._trio, self._planned = stage.trio, planned
        self._counted = Counted(stage, planned.target, "clock jump")

    async def begin(self) -> None:
        await self._trio.turn_clock(self._planned.target, timedelta(hours=self._planned.detail["hours"]))

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        return
