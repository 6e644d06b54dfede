"""Tables of recording. What names a person is encrypted for its row; captures are sealed to the centre's key."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from services.enrolment_api.registry import EnrolmentModel
from shared.database import UtcDateTime
from shared.tables import BigId


class Enrolment(EnrolmentModel, table=True):
    """One recording of one citizen. `id` is also the key the centre knows it by."""

    __tablename__ = "enrolment"

    id: str = Field(primary_key=True, max_length=36)
    office: str = Field(max_length=10)
    kind: str = Field(max_length=30)
    status: str = Field(max_length=30)
    ticket_id: str | None = Field(default=None, max_length=36)
    supersedes: str | None = Field(default=None, max_length=36)
    officer: str = Field(max_length=100)
    day: date
    """The office's day: of the start, then of the completion."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    nik_lookup: str = Field(max_length=64, index=True)
    nik_encrypted: bytes
    biodata_encrypted: bytes
    warnings: list[str] = Field(default_factory=list, sa_type=sa.JSON)
    photo_approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sealed_biodata: bytes | None = None
    """The packet's biodata part, sealed again whenever what it says changes, so that completing seals nothing."""
    captured_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    packet_sha256: str | None = Field(default=None, max_length=64)
    packet_bytes: int | None = None
    receipt_number: str | None = Field(default=None, max_length=40, unique=True)
    receipt_code: str | None = Field(default=None, max_length=20, unique=True)
    centre_receipt: str | None = Field(default=None, max_length=60)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the centre says it received the record."""
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (
        sa.Index("ix_enrolment_office_day", "office", "day"),
        sa.Index("ix_enrolment_office_id", "office", "id"),
        sa.Index("ix_enrolment_ticket_id", "ticket_id"),
    )


class Capture(EnrolmentModel, table=True):
    """One modality as the device read it, sealed on arrival: here it can be kept, not looked at."""

    __tablename__ = "capture"

    enrolment_id: str = Field(primary_key=True, max_length=36, foreign_key="enrolment.id")
    modality: str = Field(primary_key=True, max_length=20)
    sealed: bytes
    sha256: str = Field(max_length=64)
    """Of the bytes before sealing."""
    size: int
    quality: int | None = None
    captured_at: datetime = Field(sa_type=UtcDateTime)
    captured_by: str = Field(max_length=100)


class BiometricException(EnrolmentModel, table=True):
    """A modality that cannot be captured, and the second officer who confirms it."""

    __tablename__ = "biometric_exception"

    enrolment_id: str = Field(primary_key=True, max_length=36, foreign_key="enrolment.id")
    modality: str = Field(primary_key=True, max_length=20)
    reason_encrypted: bytes
    requested_by: str = Field(max_length=100)
    approved_by: str = Field(max_length=100)
    at: datetime = Field(sa_type=UtcDateTime)


class TimelineEntry(EnrolmentModel, table=True):
    """One hop of a record: when, what, by whom. Never a name or a NIK."""

    __tablename__ = "timeline"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    enrolment_id: str = Field(max_length=36, foreign_key="enrolment.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    event: str = Field(max_length=40)
    by: str = Field(max_length=100)
    status: str = Field(max_length=30)
    detail: str = Field(default="", max_length=300)


class ReceiptCounter(EnrolmentModel, table=True):
    """The last receipt number of an office's day; counted up in the completing transaction, so without gaps."""

    __tablename__ = "receipt_counter"

    office: str = Field(primary_key=True, max_length=10)
    day: date = Field(primary_key=True)
    last: int
