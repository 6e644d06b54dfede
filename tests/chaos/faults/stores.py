"""What databases and disks do: locked, killed, full. And clocks that jump."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from shared.testing.databases import PostgresDatabase
from shared.testing.plan import REPLICATED, plain, process_names
from tests.chaos.faults.acting import Counted, Option, Planned, Stage, in_thread, turn
from tests.chaos.setup import Setup

POSTGRES = "postgres"
ALL_TABLES_TRIES, EVERY_WRITE = 3, "outbox"
"""A busy service wins every deadlock: then the one table that each of its transactions writes to is locked."""


def databases(_setup: Setup) -> list[Option]:
    return [Option(name, (f"database {name}",)) for name in REPLICATED]


class Locked:
    """Somebody else has the service's database to himself."""

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._database = stage.trio.databases[planned.target]
        self._unlock = lambda: None
        self._tries = self._locked = 0

    async def begin(self) -> None:
        with suppress(Exception):  # all its tables at once is a deadlock with whoever has two of them
            self._unlock = await in_thread(self._lock)
            self._locked = 1

    def _lock(self) -> Callable[[], None]:
        self._tries += 1
        if isinstance(self._database, PostgresDatabase) and self._tries > ALL_TABLES_TRIES:
            return self._database.node.lock(self._database.name, EVERY_WRITE)
        return self._database.lock()

    async def acted(self) -> int:
        if not self._locked:
            await self.begin()
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
    """Of a server the disk is not a small one."""
    small = setup.disks and setup.database == "sqlite"
    return [Option(name, (f"database {name}",)) for name in REPLICATED] if small else []


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
    names = process_names(setup.replicas)
    return [
        Option(name, tuple(each for each in names if plain(each) is plain(name)), {"hours": hours})
        for name in names
        for hours in (1, -1)
    ]


class ClockJump:
    """One that went back is put right; when one went forwards the service's others follow.

    Whatever waits for a time that only one of them has reached, or none any more, would wait for an hour: late, as it
    has to be, and nothing that falls on the service afterwards would meet anybody.
    """

    def __init__(self, stage: Stage, planned: Planned) -> None:
        self._trio, self._planned = stage.trio, planned
        self._by = timedelta(hours=planned.detail["hours"])
        self._counted = Counted(stage, planned.target, "clock jump")

    async def begin(self) -> None:
        await turn(self._trio, self._planned.target, self._by)

    async def acted(self) -> int:
        return self._counted.since()

    async def end(self) -> None:
        if self._by < timedelta():
            await turn(self._trio, self._planned.target, -self._by)
            return
        for name in self._planned.parts:
            if name != self._planned.target:
                await turn(self._trio, name, self._by)
