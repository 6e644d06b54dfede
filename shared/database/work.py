"""What a use case is to a database, and what it is told when the database can't take it."""

import sqlite3
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

T = TypeVar("T")
Work = Callable[[Session], T]


class DatabaseUnavailable(Exception):
    """The database can't be reached or its disk is full; nothing was written."""


class Backend(Protocol):
    """How a job reaches one kind of database."""

    dialect: str

    async def write(self, work: Work[T]) -> tuple[T, dict[Any, Any]]: ...

    async def read(self, work: Work[T]) -> T: ...

    async def close(self) -> None: ...


class WriterSession(Session):
    """A session of SQLite's one writer, which lends the driver's own connection to hot paths."""

    driver: sqlite3.Connection


def connection_of(session: Session) -> sa.Connection:
    """The connection under a session, for prebuilt Core statements on hot paths (a session's own way costs more)."""
    assert isinstance(session.bind, sa.Connection)
    return session.bind
