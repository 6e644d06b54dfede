"""The door to a service's database, whichever kind it is."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import make_url

from shared.database.postgres import PostgresBackend
from shared.database.sqlite import SqliteBackend
from shared.database.work import Backend, T, Work

OnCommit = Callable[[dict[Any, Any]], None]


class Database:
    """The door to a service's database: `write` commits, `read` sees what is committed."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._on_commit: list[OnCommit] = []

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._backend.dialect

    def on_commit(self, callback: OnCommit) -> None:
        """Call with `session.info` after each commit, in the event loop: to wake what waits for new rows."""
        self._on_commit.append(callback)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and return after its commit is on disk.

        Any exception of `work` rolls back its writes alone and is raised here. Raises DatabaseUnavailable.
        """
        result, info = await self._backend.write(work)
        if info:
            for callback in self._on_commit:
                callback(info)
        return result

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a snapshot. Raises DatabaseUnavailable."""
        return await self._backend.read(work)

    async def close(self) -> None:
        """Finish what is waiting and close all connections."""
        await self._backend.close()


def open_database(url: str) -> Database:
    """Open `sqlite:///path` or `postgresql://…`; tables are made by the migrations."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Database(SqliteBackend(parsed))
    return Database(PostgresBackend(parsed.set(drivername="postgresql+asyncpg")))
