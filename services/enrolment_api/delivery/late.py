"""A receipt that comes when the claim it was sent under is no longer the last: who held it had stood still too long.

What such a worker failed at says nothing any more and changes nothing. A receipt does: it proves that the centre has
the record, whoever holds the delivery now. The one exception is a record that the centre was found to have lost after
a receipt. Nobody knows which of the two is older, so its holder's question decides.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from services.enrolment_api.delivery import repository as deliveries
from services.enrolment_api.delivery.domain import DeliveryState
from services.enrolment_api.recording.models import TimelineEntry
from services.enrolment_api.recording.progress import mark_sent
from services.enrolment_api.recording.timeline import HopEvent
from shared.contracts.central import SignedReceipt


def take_late_receipt(session: Session, *, record_id: str, receipt: SignedReceipt, now: datetime) -> bool:
    """Acknowledge a delivery that another worker holds, or that waits or lies in quarantine; False if it is no news."""
    delivery = deliveries.get_delivery(session, record_id)
    if delivery is None or delivery.state == DeliveryState.ACKNOWLEDGED or _was_lost(session, record_id):
        return False
    in_backlog = delivery.state != DeliveryState.QUARANTINED
    delivery.state, delivery.reason = DeliveryState.ACKNOWLEDGED.value, ""
    delivery.next_attempt_at = None
    delivery.receipt_number, delivery.acknowledged_at = receipt.receipt_number, receipt.received_at
    session.add(delivery)
    session.flush()
    if in_backlog:
        deliveries.shrink_backlog(session, office=delivery.office, size=delivery.packet_bytes)
    mark_sent(
        session,
        record_id=record_id,
        receipt_number=receipt.receipt_number,
        received_at=receipt.received_at,
        now=now,
    )
    return True


def _was_lost(session: Session, record_id: str) -> bool:
    found = select(TimelineEntry.id).where(
        col(TimelineEntry.enrolment_id) == record_id, col(TimelineEntry.event) == HopEvent.MISSING.value
    )
    return session.exec(found.limit(1)).first() is not None
