"""A PostgreSQL server for tests: real, private, a fresh database per call, and gone afterwards."""

import contextlib
from collections.abc import Iterator

from sqlalchemy.engine import make_url

from shared.testing.postgres_node import PostgresNode
from shared.testing.waiting import wait_until

READY_WITHIN = 60.0


class PostgresServer:
    """Hands out empty databases of one running server."""

    def __init__(self, node: PostgresNode) -> None:
        self.node = node

    def fresh_database(self) -> str:
        """The SQLAlchemy URL (asyncpg) of a new, empty database."""
        return self.node.url(self.node.fresh_database())

    def copy_of(self, url: str) -> str:
        """The URL of a new database with what is in that one, to which nobody may be connected."""
        return self.node.url(self.node.fresh_database(template=make_url(url).database))

    def psql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the server's owner and give back what psql prints."""
        return self.node.psql(statement, database)


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server that takes connections; start it once per test session (about 1 s)."""
    node = PostgresNode()
    try:
        node.spawn()
        wait_until(node.answers, within=READY_WITHIN, saying="PostgreSQL takes connections")
        yield PostgresServer(node)
    finally:
        node.close()
