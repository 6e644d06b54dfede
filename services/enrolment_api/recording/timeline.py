"""Writing a record's timeline: every hop, when and by whom."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.recording.models import TimelineEntry
from shared.prepared import Prepared

APPEND = Prepared(
    sa.insert(TimelineEntry.__table__),  # type: ignore[attr-defined]  # SQLModel adds it
    columns=("enrolment_id", "at", "event", "by", "status", "detail"),
)

CENTRE = "centre"
RECONCILIATION = "reconciliation"


class HopEvent(StrEnum):
    """What happened to a record."""

    STARTED = "started"
    PHOTO_APPROVED = "photo-approved"
    PHOTO_APPROVAL_WITHDRAWN = "photo-approval-withdrawn"
    EXCEPTED = "excepted"
    EXCEPTION_WITHDRAWN = "exception-withdrawn"
    CAPTURED = "captured"
    SENT = "sent"
    RESOLVED = "resolved"
    MISSING = "missing-at-centre"


def note(
    session: Session,
    *,
    record_id: str,
    at: datetime,
    event: HopEvent,
    by: str,
    status: str,
    detail: str = "",
) -> None:
    """Append a hop. `detail` never names a person."""
    entry = {
        "enrolment_id": record_id,
        "at": at,
        "event": event.value,
        "by": by,
        "status": status,
        "detail": detail,
    }
    APPEND.run(session, entry)
