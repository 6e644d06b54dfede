"""The databases of a trio's services: their URLs, and a lock held from outside."""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from shared.testing.postgres_node import PostgresNode
from shared.testing.timeline import Timeline

# How long the lock itself waits for a service's transaction to end.
LOCK_WITHIN = 10.0


class ServiceDatabase(Protocol):
    """One service's database, of either kind."""

    @property
    def url(self) -> str:
        """For SQLAlchemy, past every proxy."""

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a SELECT finds, as it is committed."""

    def lock(self) -> Callable[[], None]:
        """Keep everybody from writing (on PostgreSQL from reading too) until what is given back is called."""


class SqliteFile:
    """A file that only its service uses, and now and then the harness."""

    def __init__(self, path: Path, timeline: Timeline, service: str) -> None:
        self.path = path
        self._timeline = timeline
        self._service = service

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """On a connection of its own that can't write."""
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            return connection.execute(statement).fetchall()

    def lock(self) -> Callable[[], None]:
        """As a forgotten `sqlite3` shell does it."""
        holder = sqlite3.connect(
            self.path, timeout=LOCK_WITHIN, isolation_level=None, check_same_thread=False
        )
        try:
            holder.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error:
            holder.close()
            raise
        self._timeline.note(self._service, "database locked", fault="database locked")

        def release() -> None:
            holder.close()
            self._timeline.note(self._service, "database unlocked")

        return release


class PostgresDatabase:
    """One database of the trio's server."""

    def __init__(self, node: PostgresNode, name: str) -> None:
        self.node = node
        self.name = name

    @property
    def url(self) -> str:
        return self.node.url(self.name)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """By psql, as JSON: its own output says nothing of types."""
        told = self.node.psql(f"SELECT coalesce(json_agg(found), '[]') FROM ({statement}) found", self.name)  # noqa: S608  # a test's own
        return [tuple(row.values()) for row in json.loads(told)]

    def lock(self) -> Callable[[], None]:
        """All its tables at once."""
        return self.node.lock(self.name)


@contextlib.contextmanager
def locked(database: ServiceDatabase) -> Iterator[None]:
    """The lock for the length of a block."""
    release = database.lock()
    try:
        yield
    finally:
        release()
