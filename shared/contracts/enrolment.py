"""The events that enrolment_api publishes. `subject` is the record's, delivery's or link's id."""

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime

from shared.contracts.envelope import EventData
from shared.contracts.queue import Hop


class LinkState(StrEnum):
    """How the way to the centre is."""

    ONLINE = "ONLINE"
    DEGRADED = "DEGRADED"
    OFFLINE = "OFFLINE"
    PROBING = "PROBING"
    PAUSED = "PAUSED"


class RecordStarted(EventData):
    """A draft was opened at a counter."""

    event_type: ClassVar[str] = "enrolment.record.started.v1"
    kind: str
    ticket_id: str | None


class RecordCaptured(EventData):
    """Complete and durable on this office's disk: BIO_CAPTURED. queue_api finishes the ticket."""

    event_type: ClassVar[str] = "enrolment.record.captured.v1"
    kind: str
    ticket_id: str | None
    captured_at: AwareDatetime
    link_state: LinkState


class RecordSent(EventData):
    """The centre has answered with its signed receipt."""

    event_type: ClassVar[str] = "enrolment.record.sent.v1"
    receipt_number: str
    received_at: AwareDatetime


class RecordResolved(EventData):
    """The centre has decided: print-ready, duplicate, adjudicate, failed."""

    event_type: ClassVar[str] = "enrolment.record.resolved.v1"
    status: str
    decided_at: AwareDatetime


class CentralLinkChanged(EventData):
    """The link as it is for this office; opens and closes the outage."""

    event_type: ClassVar[str] = "enrolment.central_link.changed.v1"
    state: LinkState
    hop: Hop | None
    since: AwareDatetime
    outage_id: str | None
    """The outage that is open, or the one that this change closes."""
    outage_since: AwareDatetime | None = None
    """When the outage began, which can be before it was found."""
    outage_until: AwareDatetime | None = None
    """When it ended; null while it lasts."""
    backlog: int


class CapacityChanged(EventData):
    """What the office can still do today."""

    event_type: ClassVar[str] = "enrolment.capacity.changed.v1"
    day: date
    prints_left: int | None
    blanks_on_hand: int | None
    disk_days_left: float | None


class DeliveryQuarantined(EventData):
    """The centre rejects the record itself; a supervisor must look."""

    event_type: ClassVar[str] = "enrolment.delivery.quarantined.v1"
    record_id: str
    reason: str


EVENTS: tuple[type[EventData], ...] = (
    RecordStarted,
    RecordCaptured,
    RecordSent,
    RecordResolved,
    CentralLinkChanged,
    CapacityChanged,
    DeliveryQuarantined,
)
