"""The outage ledger."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from services.queue_api.registry import QueueModel, words_of
from shared.contracts.offices import ServiceType
from shared.contracts.queue import Hop
from shared.database import UtcDateTime


class Outage(QueueModel, table=True):
    """Something an office needs was out from `since` until `until` (null while it lasts)."""

    __tablename__ = "outage"

    id: str = Field(primary_key=True, sa_type=sa.String(36))
    office: str = Field(index=True, sa_type=sa.String(8))
    hop: Hop = Field(sa_type=words_of(Hop))
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    steps: list[ServiceType] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    """The service steps it stops where a person said so; null leaves it to the office's policy."""
    opened_by: str = Field(sa_type=sa.String(100))
    """`central_link` when it was found by itself, else the staff id."""
    noted_at: datetime = Field(sa_type=UtcDateTime)
    expected_restoration: datetime | None = Field(default=None, sa_type=UtcDateTime)
    source: str | None = Field(default=None, sa_type=sa.String(200))
    next_update_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: str | None = Field(default=None, sa_type=sa.String(500))
