"""Gapless counts: the next number, taken in the transaction that uses it, so that one rolled back is given again."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from shared.database import connection_of
from shared.prepared import Prepared, driver_of


class Count:
    """A table of counts: what is counted is its primary key, the last number given is its column `last`.

    RETURNING says it in one statement where each is a way to a server and back. On SQLite it alone costs twice as
    much as counting and then reading, and nobody else writes in between.
    """

    def __init__(self, table: sa.Table) -> None:
        keys = [column.name for column in table.primary_key]
        values = [sa.bindparam(column.name, type_=column.type) for column in table.primary_key]
        names, marks = ", ".join(keys), ", ".join(f":{key}" for key in keys)
        step = (
            f"INSERT INTO {table.name} ({names}, last) VALUES ({marks}, 1) "  # noqa: S608  # our own names
            f"ON CONFLICT ({names}) DO UPDATE SET last = {table.name}.last + 1"
        )
        self._at_once = sa.text(f"{step} RETURNING last").bindparams(*values)
        self._step = Prepared(sa.text(step).bindparams(*values))
        wanted = [table.c[key] == value for key, value in zip(keys, values, strict=True)]
        self._read = Prepared(sa.select(table.c.last).where(*wanted))

    def next(self, session: Session, key: Mapping[str, Any]) -> int:
        """One more than last time; 1 is the first."""
        if driver_of(session) is None:
            return int(connection_of(session).execute(self._at_once, key).scalar_one())
        self._step.run(session, key)
        return int(self._read.scalar(session, key) or 0)
