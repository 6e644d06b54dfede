"""One transaction scope for every request and message, the same on SQLite and PostgreSQL.

A use case is a plain function of a session. It runs in one transaction here and can await nothing, so no
transaction ever waits for the centre or the broker. On SQLite one writer runs the jobs that are waiting in one
transaction, each in its savepoint, and answers them after one fsync: on an office's slow disk this group
commit decides the speed. On PostgreSQL each job has its own transaction.
"""

from shared.database.door import Database, open_database
from shared.database.sqlite import sqlite_engine
from shared.database.types import UtcDateTime
from shared.database.work import DatabaseUnavailable, connection_of

__all__ = [
    "Database",
    "DatabaseUnavailable",
    "UtcDateTime",
    "connection_of",
    "open_database",
    "sqlite_engine",
]
