"""The records the centre holds, and their packets as they came."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from services.central_mock.registry import CentreModel
from shared.database import UtcDateTime


class Record(CentreModel, table=True):
    """One record: its envelope, its receipt, and how far the uniqueness check has come."""

    __tablename__ = "record"
    __table_args__ = (
        sa.Index("ix_record_office_captured_at", "office", "captured_at"),
        # Only what still waits is in it: the check reads a short index however many records there are.
        sa.Index(
            "ix_record_waiting",
            "state",
            "waiting_since",
            "key",
            sqlite_where=sa.text("waiting_since IS NOT NULL"),
            postgresql_where=sa.text("waiting_since IS NOT NULL"),
        ),
    )

    key: str = Field(primary_key=True, max_length=36)
    office: str = Field(max_length=8)
    kind: str
    captured_at: datetime = Field(sa_type=UtcDateTime)
    packet_sha256: str = Field(max_length=64)
    packet_bytes: int
    supersedes: str | None = Field(default=None, max_length=36)
    person: str = Field(max_length=64, index=True)
    """A keyed hash of the NIK: equal for the same person, and tells nobody who."""
    receipt_number: str = Field(max_length=40)
    received_at: datetime = Field(sa_type=UtcDateTime)
    """As the receipt says it."""
    arrived_at: datetime = Field(sa_type=UtcDateTime)
    """By the clock, also while a fault makes receipts tell another time."""
    signature: str = Field(max_length=100)
    via: str = Field(max_length=10)
    applied_times: int
    """How often the record took effect: 1, unless a fault makes the centre do it twice."""
    state: str = Field(max_length=20)
    decision: str | None = Field(default=None, max_length=40)
    waiting_since: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Packet(CentreModel, table=True):
    """The sealed bytes, apart from what is searched."""

    __tablename__ = "packet"

    key: str = Field(primary_key=True, max_length=36)
    body: bytes
