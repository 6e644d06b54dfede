"""SQLite: one writer that groups commits, readers on snapshots."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from shared.database.work import DatabaseUnavailable, T, Work, WriterSession
from shared.failpoints import ASKED, fail_point

GROUP_LIMIT = 64
READERS = 4
# Beginning a transaction waits for other processes in the event loop: they write for moments, at set-up.
BUSY_TIMEOUT_MS = 2_000
WAL_PAGES = 4_000
"""16 MB of log before it is carried over into the database, instead of 4: hot pages are carried over a quarter as
often, and whoever waits for the commit that does it waits for two more fsyncs."""


def sqlite_engine(url: sa.URL, *, durable: bool = True) -> sa.Engine:
    """An engine whose every transaction is BEGIN IMMEDIATE, in WAL, fsynced at commit."""
    engine = sa.create_engine(
        url.set(drivername="sqlite+pysqlite"),
        poolclass=sa.pool.QueuePool,
        pool_size=READERS + 1,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
    )

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        readonly = connection.get_execution_options().get("readonly", False)
        statement = "BEGIN" if readonly else "BEGIN IMMEDIATE"
        raw: Any = connection.connection.driver_connection
        try:
            raw.execute(statement)
        except sqlite3.Error as error:
            raise sa.exc.DBAPIError.instance(statement, None, error, sqlite3.Error) from error

    _use_plain_savepoints(engine.dialect)
    return engine


def _use_plain_savepoints(dialect: sa.Dialect) -> None:
    """Savepoints straight through the driver: SQLAlchemy compiles a statement for each, at 200 us and more."""

    def run(connection: sa.Connection, *statements: str) -> None:
        raw: Any = connection.connection.driver_connection
        for statement in statements:
            raw.execute(statement)

    def undo(connection: sa.Connection, name: str) -> None:
        run(connection, f"ROLLBACK TO {name}", f"RELEASE {name}")

    hooks: Any = dialect
    hooks.do_savepoint = lambda connection, name: run(connection, f"SAVEPOINT {name}")
    hooks.do_release_savepoint = lambda connection, name: run(connection, f"RELEASE {name}")
    hooks.do_rollback_to_savepoint = undo


@dataclass
class Job:
    """One waiting use case and where its answer goes."""

    work: Callable[[Session], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    info: dict[Any, Any] = field(default_factory=dict)

    def answer(self) -> None:
        """Settle the future; a client that went away is no error."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(_bearable(self.error))
        else:
            self.future.set_result((self.result, self.info))


class SqliteBackend:
    """One writer connection that groups commits, a few readers on snapshots.

    The writer's statements run in the event loop, where each costs microseconds; its commits, which wait for
    the disk, run in a thread. Statements in a thread were measured a third slower: the interpreter lock changes
    hands at each of them.
    """

    dialect = "sqlite"

    def __init__(self, url: sa.URL) -> None:
        self._engine = sqlite_engine(url)
        self._jobs: deque[Job] = deque()
        self._group: asyncio.Task[None] | None = None
        self._connection: sa.Connection | None = None
        self._closing = False
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-commit")

    async def write(self, work: Work[T]) -> tuple[T, dict[Any, Any]]:
        """Queue the job for the writer and wait for its group's commit."""
        if self._closing:
            raise DatabaseUnavailable("the database is closed")
        job = Job(work, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        if self._group is None or self._group.done():
            self._group = asyncio.create_task(self._write_waiting(), name="sqlite-writer")
        answer: tuple[T, dict[Any, Any]] = await job.future
        return answer

    async def read(self, work: Work[T]) -> T:
        """Run on a reader's own connection."""
        if self._closing:
            raise DatabaseUnavailable("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Work[T]) -> T:
        try:
            with (
                self._engine.connect().execution_options(readonly=True) as connection,
                Session(bind=connection, expire_on_commit=False, autoflush=False) as session,
            ):
                return work(session)
        except (OperationalError, StopIteration) as error:
            raise _bearable(error) from error

    async def _write_waiting(self) -> None:
        """Run groups until nobody waits."""
        while self._jobs:
            jobs: list[Job] = []
            try:
                await self._run_group(self._writer(), jobs)
            except Exception as error:  # noqa: BLE001  # nobody's work is on disk, everybody is told
                self._drop_writer()
                if not jobs:  # not even a transaction could begin
                    jobs.extend(self._jobs)
                    self._jobs.clear()
                for job in jobs:
                    job.error = DatabaseUnavailable(str(getattr(error, "orig", error)))
                    job.error.__cause__ = error
            for job in jobs:
                job.answer()

    def _writer(self) -> sa.Connection:
        """The writer's connection, kept from group to group: taking it from the pool costs as much as a statement."""
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _drop_writer(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _run_group(self, connection: sa.Connection, jobs: list[Job]) -> None:
        """Run what waits in one transaction and commit it."""
        group = Group(connection)
        try:
            while self._jobs and len(jobs) < GROUP_LIMIT and not group.began_again:
                job = self._jobs.popleft()
                if not job.future.done():
                    jobs.append(job)
                    group.run(job)
            if ASKED:  # not even a call where nobody asked
                fail_point("database.before-commit")
            await asyncio.get_running_loop().run_in_executor(self._committer, group.raw.execute, "COMMIT")
        except BaseException:
            group.transaction.rollback()
            raise
        group.transaction.commit()
        if ASKED:
            fail_point("database.after-commit")

    async def close(self) -> None:
        """Let the writer finish what it has, then close."""
        self._closing = True
        if self._group is not None:
            await asyncio.wait([self._group])
        self._readers.shutdown()
        self._committer.shutdown()
        self._drop_writer()
        self._engine.dispose()


class Group:
    """The jobs of one transaction, without a savepoint around each: SQLite copies every page that is changed in one.

    Most jobs that fail do so before they write, and there is nothing to undo. One that fails after it wrote makes
    the others run again without it, as use cases can.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._written: list[Job] = []
        self.began_again = False
        """A job spoiled the transaction: better commit what is left than let the next one spoil it too."""
        self._begin()

    def _begin(self) -> None:
        self.transaction = self._connection.begin()
        self.raw: Any = self._connection.connection.driver_connection
        self._session = self._new_session()

    def _new_session(self) -> WriterSession:
        session = WriterSession(
            bind=self._connection,
            expire_on_commit=False,
            autoflush=False,
            join_transaction_mode="rollback_only",
        )
        session.driver = self.raw
        return session

    def run(self, job: Job) -> None:
        """Run one job; its failure undoes its own writes only. Raises when SQLite itself gave up, as on a full disk."""
        changes = self.raw.total_changes
        try:
            _run_alone(self._session, job)
            self._written.append(job)
        except BaseException as error:
            job.error = error
            if not self.raw.in_transaction and isinstance(error, OperationalError):
                raise
            if not self.raw.in_transaction or self.raw.total_changes != changes:
                self._begin_again()
        if self._session.in_transaction():
            self._session.expunge_all()
            self._session = self._new_session()

    def _begin_again(self) -> None:
        self.began_again = True
        if self.transaction.is_active:  # a flush that failed has ended it already
            self.transaction.rollback()
        self._begin()
        written, self._written = self._written, []
        for job in written:
            self.run(job)


def _run_alone(session: Session, job: Job) -> None:
    session.info.clear()
    job.result = job.work(session)
    if session.in_transaction():  # only then has it seen objects that may have to be written
        session.flush()
    job.info = dict(session.info)


def _bearable(error: BaseException) -> BaseException:
    """The error as a future can carry it and a caller can tell it."""
    if isinstance(error, OperationalError):
        told: Exception = DatabaseUnavailable(str(error.orig))
    elif isinstance(error, StopIteration):  # refused by futures: its caller would wait for ever
        told = RuntimeError("StopIteration in a use case")
    else:
        return error
    told.__cause__ = error
    return told
