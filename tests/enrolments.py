"""Completed records made by hand, for tests of what becomes of them: no officer, no captures, only what delivery needs.

The packet of each is its sealed biodata alone, which is what tells one from another.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from sqlmodel import Session

from services.enrolment_api.delivery.intake import accept
from services.enrolment_api.recording.models import Enrolment
from services.enrolment_api.recording.packet import load_packet
from shared.ids import new_id

OFFICE = "33.13.07"
WIB = timedelta(hours=7)


def complete_record(
    session: Session,
    *,
    at: datetime,
    record_id: str | None = None,
    sealed_biodata: bytes | None = None,
) -> str:
    """A record that was captured at that time, due for the centre; its id."""
    record_id = record_id or new_id()
    session.add(
        Enrolment(
            id=record_id,
            office=OFFICE,
            kind="FIRST_TIME",
            status="BIO_CAPTURED",
            officer="officer-1",
            day=(at + WIB).date(),
            started_at=at,
            captured_at=at,
            receipt_number=record_id,
            nik_lookup="",
            nik_encrypted=b"",
            biodata_encrypted=b"",
            sealed_biodata=record_id.encode() if sealed_biodata is None else sealed_biodata,
        )
    )
    session.flush()
    packet = load_packet(session, record_id)
    accept(
        session,
        record_id=record_id,
        office=OFFICE,
        kind="FIRST_TIME",
        captured_at=at,
        packet_sha256=sha256(packet).hexdigest(),
        packet_bytes=len(packet),
    )
    return record_id
