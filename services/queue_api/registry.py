"""The tables of queue_api: one registry of its own, so that services can share a process in tests."""

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

from shared.tables import copy_shared_tables

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class QueueModel(SQLModel, registry=registry(metadata=sa.MetaData(naming_convention=NAMING))):
    """What every table of this service descends from."""


def words_of(kind: type[StrEnum]) -> sa.Enum:
    """A column of an enum's values, kept as text so that a new value needs no migration."""
    return sa.Enum(kind, native_enum=False, length=20, values_callable=_values)


def table_of(model: type[SQLModel]) -> sa.Table:
    """The Core table behind a model, for statements that are built once."""
    table: sa.Table = model.__table__  # type: ignore[attr-defined]  # SQLAlchemy adds it
    return table


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


copy_shared_tables(QueueModel.metadata)
