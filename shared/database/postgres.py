"""PostgreSQL: each job in its own transaction, through asyncpg."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel import Session

from shared.database.work import DatabaseUnavailable, T, Work
from shared.failpoints import fail_point

RETRIED_SQLSTATES = {"40001", "40P01"}
# Connection lost, no room (disk, memory, connections), the operator intervened, the system failed.
UNAVAILABLE_SQLSTATES = ("08", "53", "57", "58")
DEADLOCK_ATTEMPTS = 5
STANDS_BACK = 0.05
"""Seconds at most, more at each attempt, in which the loser leaves the rows to the winner: at once it takes them from
under its hands, and one of the two loses again."""


class PostgresBackend:
    """A transaction for each job; deadlocks and serialization failures are tried again."""

    dialect = "postgresql"

    def __init__(self, url: sa.URL) -> None:
        self._engine: AsyncEngine = create_async_engine(url, pool_size=16, max_overflow=0, pool_pre_ping=True)

    async def write(self, work: Work[T]) -> tuple[T, dict[Any, Any]]:
        """Run and commit; the loser of a deadlock runs again."""
        for attempt in range(1, DEADLOCK_ATTEMPTS + 1):
            try:
                async with self._connect() as connection, connection.begin():
                    done = await connection.run_sync(_run_on, work)
                    fail_point("database.before-commit")
                fail_point("database.after-commit")
                return done
            except DBAPIError as error:
                if _sqlstate(error) not in RETRIED_SQLSTATES or attempt == DEADLOCK_ATTEMPTS:
                    raise _told(error) from error
            await asyncio.sleep(random.uniform(STANDS_BACK / 2, STANDS_BACK) * attempt)
        raise AssertionError("the last attempt returns or raises")

    async def read(self, work: Work[T]) -> T:
        """Run in a transaction that is rolled back."""
        try:
            async with self._connect() as connection:
                result, _ = await connection.run_sync(_run_on, work)
                return result
        except DBAPIError as error:
            raise _told(error) from error

    @contextlib.asynccontextmanager
    async def _connect(self) -> AsyncIterator[AsyncConnection]:
        connection: AsyncConnection | None = None
        try:
            connection = await self._engine.connect()
        except (OSError, OperationalError, sa.exc.TimeoutError, sa.exc.InterfaceError) as error:
            raise DatabaseUnavailable(str(error)) from error
        try:
            yield connection
        finally:
            await connection.close()

    async def close(self) -> None:
        """Close the pool."""
        await self._engine.dispose()


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _told(error: DBAPIError) -> Exception:
    """What the caller is told: that the database can't take it now, or the error itself."""
    state = _sqlstate(error)
    if error.connection_invalidated or isinstance(error, OperationalError):
        return DatabaseUnavailable(str(error.orig))
    if state.startswith(UNAVAILABLE_SQLSTATES) or state in RETRIED_SQLSTATES:
        return DatabaseUnavailable(str(error.orig))
    return error


def _run_on(connection: sa.Connection, work: Work[T]) -> tuple[T, dict[Any, Any]]:
    session = Session(bind=connection, expire_on_commit=False, autoflush=False)
    result = work(session)
    session.flush()
    info = dict(session.info)
    session.expunge_all()
    return result, info
