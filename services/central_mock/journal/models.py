"""The journal on disk: one row for each batch of entries, so that an entry costs next to nothing."""

import sqlalchemy as sa
from sqlmodel import Field

from services.central_mock.registry import CentreModel
from shared.tables import BigId

_BIG = sa.BigInteger


class JournalBatch(CentreModel, table=True):
    """Entries that were written together, and the bounds in which they lie. Times are microseconds since 1970."""

    __tablename__ = "journal_batch"

    number: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    """In the order of writing."""
    first_id: int = Field(sa_type=_BIG, index=True)
    last_id: int = Field(sa_type=_BIG, index=True)
    first_seq: int | None = Field(default=None, sa_type=_BIG)
    """None of what was running when it was written."""
    last_seq: int | None = Field(default=None, sa_type=_BIG, index=True)
    first_at_us: int = Field(sa_type=_BIG)
    last_at_us: int = Field(sa_type=_BIG)
    entries: int
    body: bytes = Field(sa_type=sa.LargeBinary)
    """CBOR: a list of rows, see `rows`."""
