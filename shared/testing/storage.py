"""What the parts of a trio keep and where: databases, and disks of their own where they were asked for."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from shared.migrations import migrate
from shared.testing.broker_faults import Broker
from shared.testing.databases import PostgresDatabase, ServiceDatabase, SqliteFile
from shared.testing.disk import SmallDisk
from shared.testing.plan import CENTRE, KINDS, plain
from shared.testing.postgres_node import PostgresNode
from shared.testing.power import Outlet, PoweredDisk
from shared.testing.process import Process
from shared.testing.timeline import Timeline


class Storage:
    """The databases of one trio; a server's data are the server's own."""

    def __init__(self, home: Path, timeline: Timeline, sizes: Mapping[str, int], *, powered: bool) -> None:
        """`sizes` are megabytes of a disk by its owner; `powered` ones can lose their power."""
        self.databases: dict[str, ServiceDatabase] = {}
        self.disks: dict[str, SmallDisk] = {}
        self._home, self._timeline = home, timeline
        self._sizes, self._powered = dict(sizes), powered
        self._locks: list[Callable[[], None]] = []

    def servers_disk(self, owner: str) -> PoweredDisk | None:
        """For a broker or a database server of this trio's own."""
        size = self._sizes.get(owner)
        return PoweredDisk(size, owner=owner) if size and self._powered else None

    async def prepare(self, postgres: PostgresNode | None) -> None:
        """Make every service's database, at its newest schema; without a server they are files."""
        for name, kind in KINDS.items():
            if postgres is None or name == CENTRE:  # the centre's is its own affair
                self.databases[name] = self._file(name)
            else:
                self.databases[name] = PostgresDatabase(postgres, postgres.fresh_database(name))
            await asyncio.to_thread(migrate, kind.service, self.databases[name].url)

    def lock(self, service: str) -> None:
        """Keep a service from its database until `heal`."""
        self._locks.append(self.databases[service].lock())

    def outlet(self, part: Process | Broker | PostgresNode) -> Outlet:
        """What it loses with its power. Raises ValueError when that is a disk which can't be cut off."""
        disk: SmallDisk | None
        if not isinstance(part, Process):
            disk = part.disk
        elif isinstance(self.databases[plain(part.name).name], PostgresDatabase):
            return Outlet(part)
        else:
            disk = self.disks.get(part.name)
        if not isinstance(disk, PoweredDisk):
            raise ValueError(f"{part.name} has no disk whose power can be cut")
        return Outlet(part, disk)

    def heal(self) -> None:
        """Let go of what is locked, and make room."""
        while self._locks:
            self._locks.pop()()
        for disk in self.disks.values():
            disk.free()

    def close(self) -> None:
        """Unmount the disks."""
        for disk in self.disks.values():
            disk.close()

    def _file(self, name: str) -> SqliteFile:
        directory = self._home / name
        if size := self._sizes.get(name):
            kind = PoweredDisk if self._powered else SmallDisk
            self.disks[name] = kind(size, timeline=self._timeline, owner=name)
            directory = self.disks[name].path
        directory.mkdir(parents=True, exist_ok=True)
        return SqliteFile(directory / "data.db", self._timeline, name)
