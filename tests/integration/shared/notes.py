"""The tests' own table beside the shared ones, and the use cases that are tried on it."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, col, select

from shared.database import sqlite_engine
from shared.tables import copy_shared_tables


class NotesModel(SQLModel, registry=registry(metadata=sa.MetaData())):
    """A registry of the tests' own."""


class Note(NotesModel, table=True):
    """One row that a test looks for."""

    id: int = Field(primary_key=True)
    text: str = ""


copy_shared_tables(NotesModel.metadata)


async def create_tables(url: str) -> None:
    """On an empty database of either kind."""
    if url.startswith("sqlite"):
        engine = sqlite_engine(sa.make_url(url))
        NotesModel.metadata.create_all(engine)
        engine.dispose()
        return
    server = create_async_engine(url)
    async with server.begin() as connection:
        await connection.run_sync(NotesModel.metadata.create_all)
    await server.dispose()


def note(number: int, text: str = "") -> Callable[[Session], int]:
    """A use case that stores one note."""

    def store(session: Session) -> int:
        session.add(Note(id=number, text=text))
        return number

    return store


def failing_after(number: int, error: BaseException) -> Callable[[Session], int]:
    """A use case that stores a note, makes sure it is with the database, and then fails."""

    def store(session: Session) -> int:
        session.add(Note(id=number))
        session.flush()
        raise error

    return store


def numbers(session: Session) -> list[int]:
    """Which notes are there."""
    return list(session.exec(select(Note.id).order_by(col(Note.id))))
