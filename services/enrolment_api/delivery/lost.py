"""What the centre acknowledged and does not hold any more is delivered again, under the same key.

It becomes OUTCOME_UNKNOWN, not PENDING: whoever says that a record is missing may be wrong, or late, so the centre is
asked by the key before anything is sent, as for every record that may be there already.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.enrolment_api.delivery import repository as deliveries
from services.enrolment_api.delivery.domain import DeliveryState
from services.enrolment_api.delivery.intake import WAKE
from services.enrolment_api.delivery.models import Delivery
from services.enrolment_api.recording.models import TimelineEntry
from services.enrolment_api.recording.progress import mark_missing
from services.enrolment_api.recording.timeline import HopEvent

REASON = "acknowledged, and missing at the centre"


def send_again(
    session: Session, *, record_id: str, receipt_number: str | None, older_than: datetime, now: datetime
) -> bool:
    """Deliver the record again, as old as it is.

    False, and nothing is done, when it was acknowledged anew since `receipt_number` was read, or later than
    `older_than`: a centre's reads may lag behind its writes. It is our own clock that tells: the centre's may be wrong.
    """
    delivery = session.exec(
        select(Delivery)
        .where(
            col(Delivery.id) == record_id,
            col(Delivery.state) == DeliveryState.ACKNOWLEDGED.value,
            col(Delivery.receipt_number) == receipt_number,
        )
        .with_for_update()
    ).first()
    if delivery is None or _acknowledged_here(session, record_id) > older_than:
        return False
    delivery.state = DeliveryState.OUTCOME_UNKNOWN.value
    delivery.next_attempt_at = delivery.captured_at
    delivery.reason = REASON
    delivery.receipt_number = delivery.acknowledged_at = None
    session.add(delivery)
    session.flush()
    deliveries.grow_backlog(session, office=delivery.office, size=delivery.packet_bytes)
    mark_missing(session, record_id=record_id, now=now)
    session.info[WAKE] = True
    return True


def _acknowledged_here(session: Session, record_id: str) -> datetime:
    """When the centre's last receipt arrived, by our clock."""
    found = (
        select(TimelineEntry.at)
        .where(col(TimelineEntry.enrolment_id) == record_id, col(TimelineEntry.event) == HopEvent.SENT.value)
        .order_by(sa.desc(col(TimelineEntry.id)))
        .limit(1)
    )
    arrived = session.exec(found).first()
    return arrived if arrived is not None else datetime.min.replace(tzinfo=UTC)
