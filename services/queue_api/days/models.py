"""Days that were closed."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from services.queue_api.registry import QueueModel
from shared.database import UtcDateTime


class ClosedDay(QueueModel, table=True):
    """After this no number of that day is issued."""

    __tablename__ = "closed_day"

    office: str = Field(primary_key=True, sa_type=sa.String(8))
    day: date = Field(primary_key=True)
    closed_at: datetime = Field(sa_type=UtcDateTime)
    closed_by: str = Field(sa_type=sa.String(100))
