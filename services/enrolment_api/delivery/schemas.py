"""A delivery as a supervisor sees it."""

from datetime import datetime

from pydantic import BaseModel

from services.enrolment_api.delivery.domain import DeliveryAction, DeliveryState, allowed_actions
from services.enrolment_api.delivery.models import Delivery


class DeliveryPublic(BaseModel):
    """Where a record is on its way to the centre."""

    id: str
    office: str
    kind: str
    state: DeliveryState
    captured_at: datetime
    attempts: int
    """Rejections of the record itself; an outage costs none."""
    sends: int
    next_attempt_at: datetime | None
    reason: str
    receipt_number: str | None
    acknowledged_at: datetime | None
    packet_sha256: str
    packet_bytes: int
    allowed_actions: list[DeliveryAction]

    @classmethod
    def of(cls, row: Delivery) -> "DeliveryPublic":
        """From its row."""
        state = DeliveryState(row.state)
        return cls.model_validate({**row.model_dump(), "allowed_actions": allowed_actions(state)})
