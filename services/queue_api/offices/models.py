"""An office's configuration as it was last put, and what it can still do today as enrolment_api told."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from services.queue_api.registry import QueueModel
from shared.database import UtcDateTime


class OfficeRow(QueueModel, table=True):
    """One office; `body` is the contract's Office as JSON, so that it has one definition."""

    __tablename__ = "office"

    code: str = Field(primary_key=True, sa_type=sa.String(8))
    body: str = Field(sa_type=sa.Text())
    configured_at: datetime = Field(sa_type=UtcDateTime)


class CapacityRow(QueueModel, table=True):
    """What enrolment_api last said of prints, blanks and disk."""

    __tablename__ = "capacity"

    office: str = Field(primary_key=True, sa_type=sa.String(8))
    day: date
    prints_left: int | None = None
    blanks_on_hand: int | None = None
    disk_days_left: float | None = None
    told_at: datetime = Field(sa_type=UtcDateTime)
