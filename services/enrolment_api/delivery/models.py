"""Tables of delivery: one row for each recorded record until the centre's receipt is here, and the backlog's count."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from services.enrolment_api.registry import EnrolmentModel
from shared.database import UtcDateTime


class Delivery(EnrolmentModel, table=True):
    """The way of one record to the centre. `id` is the record's, and the key the centre knows it by."""

    __tablename__ = "delivery"

    id: str = Field(primary_key=True, max_length=36)
    office: str = Field(max_length=8)
    kind: str = Field(max_length=30)
    supersedes: str | None = Field(default=None, max_length=36)
    captured_at: datetime = Field(sa_type=UtcDateTime)
    packet_sha256: str = Field(max_length=64)
    packet_bytes: int
    state: str = Field(max_length=20)
    attempts: int = 0
    """Rejections of the record itself; an outage costs none."""
    sends: int = 0
    """Claims that were worked on. It is the number of the last one: only that one may say what became of it."""
    next_attempt_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it may be worked on; null when nothing is left to do. While IN_FLIGHT: when its lease ends."""
    reason: str = Field(default="", max_length=300)
    receipt_number: str | None = Field(default=None, max_length=60)
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        sa.Index(
            "ix_delivery_due",
            "next_attempt_at",
            "id",
            sqlite_where=sa.text("next_attempt_at IS NOT NULL"),
            postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_delivery_oldest",
            "captured_at",
            sqlite_where=sa.text("next_attempt_at IS NOT NULL"),
            postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
        ),
        sa.Index("ix_delivery_office_state", "office", "state", "id"),
    )


class Backlog(EnrolmentModel, table=True):
    """How much of an office is not at the centre yet, counted as it changes: no COUNT on a hot path."""

    __tablename__ = "backlog"

    office: str = Field(primary_key=True, max_length=8)
    records: int
    bytes: int = Field(sa_type=sa.BigInteger)


class ResultCursor(EnrolmentModel, table=True):
    """How far the centre's decisions have been fetched, and the last of them, to see that it is still the same."""

    __tablename__ = "result_cursor"

    name: str = Field(primary_key=True, max_length=20)
    after: str = Field(max_length=200)
    before: str = Field(default="", max_length=200)
    """The cursor just before the last result: asked after it, the centre must give that result again first."""
    last_seen: str = Field(default="", max_length=64)
    """The last result's digest; empty when there is none to compare with."""
