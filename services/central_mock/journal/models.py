"""The journal on disk: requests, connections and what ops did, one row each, all in one line of numbers."""

import sqlalchemy as sa
from sqlmodel import Field

from services.central_mock.registry import CentreModel
from shared.tables import BigId

_BIG = sa.BigInteger


class JournalRow(CentreModel, table=True):
    """One entry. Times are microseconds since 1970: a batch of rows is written many times a second."""

    __tablename__ = "journal"

    id: int = Field(primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False})
    seq: int | None = Field(default=None, sa_type=_BIG, index=True)
    what: str = Field(max_length=10)
    at_us: int = Field(sa_type=_BIG)
    ended_us: int | None = Field(default=None, sa_type=_BIG)
    ms: float | None = None
    connection: int | None = Field(default=None, sa_type=_BIG)
    method: str | None = Field(default=None, max_length=20)
    route: str | None = Field(default=None, max_length=300)
    key: str | None = Field(default=None, max_length=200)
    office: str | None = Field(default=None, max_length=20)
    attempt: int | None = None
    bytes_in: int = Field(default=0, sa_type=_BIG)
    bytes_out: int = Field(default=0, sa_type=_BIG)
    status: int | None = None
    retry_after: str | None = Field(default=None, max_length=200)
    outcome: str | None = Field(default=None, max_length=20)
    applied: bool = False
    acknowledged: bool = False
    finished: bool = False
    fault: str | None = Field(default=None, max_length=40)
    rules: str = Field(default="", max_length=4000)
    """Their names between bars, `|a|b|`, so that one can be looked for."""
    detail: str | None = None
    """What only connections and notes have, as JSON."""
