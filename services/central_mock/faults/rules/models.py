"""The rules in force, which outlive a restart, and who did what to them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from services.central_mock.registry import CentreModel
from shared.database import UtcDateTime
from shared.tables import BigId


class FaultRule(CentreModel, table=True):
    """A rule in force, as it was ordered."""

    __tablename__ = "fault_rule"

    name: str = Field(primary_key=True, max_length=64)
    number: int
    value: dict[str, Any] = Field(sa_type=sa.JSON)
    since: datetime = Field(sa_type=UtcDateTime)
    set_by: str = Field(max_length=200)


class FaultAudit(CentreModel, table=True):
    """One thing that was done to the rules. Never deleted, not by a reset either."""

    __tablename__ = "fault_audit"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)
    by: str = Field(max_length=200)
    action: str = Field(max_length=20)
    name: str | None = Field(default=None, max_length=64)
    reason: str = Field(max_length=500)
    detail: dict[str, Any] = Field(sa_type=sa.JSON)
