"""Decisions in the order in which they were made; `seq` is the cursor."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from services.central_mock.registry import CentreModel
from shared.database import UtcDateTime
from shared.tables import BigId


class CheckResult(CentreModel, table=True):
    """One decision. A record that an expert looked at has two."""

    __tablename__ = "check_result"
    # AUTOINCREMENT: a cursor stays good after a reset, because no number is given twice.
    __table_args__ = (sa.Index("ix_check_result_office_seq", "office", "seq"), {"sqlite_autoincrement": True})

    seq: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    key: str = Field(max_length=36)
    office: str = Field(max_length=8)
    decision: str = Field(max_length=40)
    decided_at: datetime = Field(sa_type=UtcDateTime)
    reason: str = Field(max_length=500)
