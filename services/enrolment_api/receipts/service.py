"""What stands behind a receipt's code."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from services.enrolment_api.delivery.domain import DeliveryState
from services.enrolment_api.offices.repository import get_office
from services.enrolment_api.receipts.domain import CARDS, NO_CARD, Story, sentences
from services.enrolment_api.receipts.schemas import ReceiptView
from services.enrolment_api.recording.domain import Status
from services.enrolment_api.recording.models import Enrolment
from services.enrolment_api.recording.nik import mask_name
from services.enrolment_api.recording.repository import delivery_states, was_lost
from services.enrolment_api.recording.vault import Vault
from shared.problems import NotFound


def show_receipt(session: Session, *, vault: Vault, code: str, now: datetime) -> ReceiptView:
    """The citizen's truth. Raises NotFound."""
    record = session.exec(select(Enrolment).where(Enrolment.receipt_code == code)).first()
    if record is None or record.captured_at is None or record.receipt_number is None:
        raise NotFound("No receipt has this code")
    office = get_office(session, record.office)
    zone = ZoneInfo(office.time_zone)
    story = Story(
        status=Status(record.status),
        office_name=office.name,
        recorded_at=record.captured_at.astimezone(zone),
        sent_at=record.sent_at.astimezone(zone) if record.sent_at else None,
        needs_a_look=delivery_states(session, [record.id]).get(record.id) == DeliveryState.QUARANTINED,
        lost_there=record.sent_at is None and was_lost(session, record.id),
    )
    return ReceiptView(
        number=record.receipt_number,
        name=mask_name(vault.read_person(record).biodata.name),
        office=record.office,
        office_name=office.name,
        status=story.status,
        recorded_at=story.recorded_at,
        safe_here=True,
        at_centre_since=story.sent_at,
        decided_at=record.resolved_at.astimezone(zone) if record.resolved_at else None,
        ready_to_print=story.status is Status.PRINT_READY_RECORD,
        card=CARDS.get(story.status, NO_CARD),
        sentences=sentences(story),
        as_of=now.astimezone(zone),
    )
