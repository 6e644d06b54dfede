"""Tables of reconciliation: how far each day's comparison has come, and what was ever found and done."""

import datetime as dt

import sqlalchemy as sa
from sqlmodel import Field

from services.enrolment_api.registry import EnrolmentModel
from shared.database import UtcDateTime


class DayReconciliation(EnrolmentModel, table=True):
    """The latest comparison of an office's day with the centre's, and when it is due again."""

    __tablename__ = "reconciliation"

    office: str = Field(primary_key=True, max_length=10)
    day: dt.date = Field(primary_key=True)
    state: str = Field(max_length=15)
    due_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it is compared next; while RUNNING: when it counts as lost."""
    requested_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    requested_by: str | None = Field(default=None, max_length=100)
    started_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    compared_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the last comparison that came to an end began."""
    compared: int = 0
    """Records in that comparison."""
    reason: str = Field(default="", max_length=300)
    """Why the last one failed."""
    failures: int = 0
    """In a row."""

    __table_args__ = (
        sa.Index(
            "ix_reconciliation_due",
            "due_at",
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        ),
    )


class ReconciliationFinding(EnrolmentModel, table=True):
    """Something the two sides did not agree on; kept for ever, also when it was mended."""

    __tablename__ = "reconciliation_finding"

    office: str = Field(primary_key=True, max_length=10)
    day: dt.date = Field(primary_key=True)
    record_id: str = Field(primary_key=True, max_length=100)
    found: str = Field(primary_key=True, max_length=12)
    done: str = Field(max_length=12)
    first_found_at: dt.datetime = Field(sa_type=UtcDateTime)
    last_found_at: dt.datetime = Field(sa_type=UtcDateTime)
    """The `compared_at` of the comparison that found it last."""
    times: int = 1
