"""Statements of hot paths, compiled once: on SQLite they go straight to the driver.

SQLAlchemy's own way to a cursor costs three to five times what SQLite takes for such a statement; a request that
runs twelve of them spends most of its time there. Types, names and errors stay SQLAlchemy's. On PostgreSQL the
driver must be awaited, and everything is as ever.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlmodel import Session

from shared.database import UtcDateTime, connection_of
from shared.database.work import WriterSession

DIALECT = SQLiteDialect_pysqlite()

Processor = Callable[[Any], Any]
Taker = Callable[[Mapping[str, Any]], tuple[Any, ...]]


class Prepared:
    """A Core statement or a text of named parameters; an INSERT names the columns it is given."""

    def __init__(self, statement: sa.Executable, *, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        compiled: Any = statement.compile(dialect=DIALECT, column_keys=columns)  # type: ignore[attr-defined]  # text, select, …
        self._sql = str(compiled)
        self._take, self._fixed, self._converts = _binds(compiled)
        self._row, self._results = _results(statement)

    def rows(self, session: Session, parameters: Mapping[str, Any]) -> list[Any]:
        """All rows, with the columns' names."""
        raw = driver_of(session)
        if raw is None:
            return list(connection_of(session).execute(self._statement, parameters))
        return [self._converted(row) for row in self._run(raw, parameters)]

    def first(self, session: Session, parameters: Mapping[str, Any]) -> Any | None:
        """The first row, or None."""
        found = self.rows(session, parameters)
        return found[0] if found else None

    def scalar(self, session: Session, parameters: Mapping[str, Any]) -> Any | None:
        """The first column of the first row, or None."""
        found = self.first(session, parameters)
        return found[0] if found is not None else None

    def run(self, session: Session, parameters: Mapping[str, Any]) -> None:
        """For what it changes."""
        raw = driver_of(session)
        if raw is None:
            connection_of(session).execute(self._statement, parameters)
        else:
            self._run(raw, parameters)

    def _run(self, raw: sqlite3.Connection, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        values = list(self._take({**self._fixed, **parameters} if self._fixed else parameters))
        for place, convert in self._converts:
            values[place] = convert(values[place])
        try:
            return raw.execute(self._sql, values).fetchall()
        except sqlite3.Error as error:
            # the parameters may name a person
            raise sa.exc.DBAPIError.instance(
                self._sql, None, error, sqlite3.Error, hide_parameters=True
            ) from error

    def _converted(self, row: tuple[Any, ...]) -> Any:
        if self._row is None:
            return row
        return self._row._make(
            [
                value if convert is None else convert(value)
                for convert, value in zip(self._results, row, strict=True)
            ]
        )


def driver_of(session: Session) -> sqlite3.Connection | None:
    """SQLite's own connection while the session writes; None where SQLAlchemy must begin or await something."""
    if isinstance(session, WriterSession):
        return session.driver
    connection = connection_of(session)
    if connection.dialect.name != "sqlite" or not connection.in_transaction():
        return None
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


class _Times:
    """Times as SQLite keeps them. One use case writes the same instant into six rows: the last one is remembered."""

    def __init__(self) -> None:
        convert = UtcDateTime().dialect_impl(DIALECT).bind_processor(DIALECT)
        assert convert is not None
        self._convert = convert
        self._last: datetime | None = None
        self._text: str | None = None

    def __call__(self, value: datetime | None) -> str | None:
        if value is not self._last:
            self._text = self._convert(value)
            self._last = value
        return self._text


_TIMES = _Times()


def _binds(compiled: Any) -> tuple[Taker, dict[str, Any], list[tuple[int, Processor]]]:
    """What takes the values out of the parameters, the values that the statement itself has, and the conversions."""
    names = tuple(compiled.positiontup or ())
    binds: list[sa.BindParameter[Any]] = [compiled.binds[name] for name in names]
    fixed = {name: bind.value for name, bind in zip(names, binds, strict=True) if not bind.required}
    converts = [(place, convert) for place, bind in enumerate(binds) if (convert := _convert(bind))]
    return _taker(names), fixed, converts


def _taker(names: tuple[str, ...]) -> Taker:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda parameters: tuple(parameters[name] for name in names)


def _convert(bind: sa.BindParameter[Any]) -> Processor | None:
    if isinstance(bind.type, UtcDateTime):
        return _TIMES
    convert: Processor | None = bind.type.dialect_impl(DIALECT).bind_processor(DIALECT)
    return convert


def _results(statement: sa.Executable) -> tuple[Any, list[Any]]:
    """The rows' type and the conversion of each column; a text's rows are as the driver gives them."""
    columns: Iterable[sa.ColumnElement[Any]] = getattr(statement, "exported_columns", ())
    known = list(columns)
    if not known:
        return None, []
    converts = [column.type.dialect_impl(DIALECT).result_processor(DIALECT, None) for column in known]
    return namedtuple("Row", [column.key or f"column_{at}" for at, column in enumerate(known)]), converts  # noqa: PYI024  # its fields are the statement's
