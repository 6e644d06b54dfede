"""The events that queue_api publishes. Their `subject` is the ticket's, outage's, day's or office's id."""

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime

from shared.contracts.envelope import EventData
from shared.contracts.offices import Office, ServiceType


class Hop(StrEnum):
    """Which part failed: this office, the link to the centre, the centre itself, or the power."""

    OFFICE = "OFFICE"
    LINK = "LINK"
    CENTRE = "CENTRE"
    POWER = "POWER"


class _TicketData(EventData):
    """What every event of a ticket says."""

    number: str
    service: ServiceType
    day: date
    arrived_at: AwareDatetime


class TicketIssued(_TicketData):
    """A citizen took a number."""

    event_type: ClassVar[str] = "queue.ticket.issued.v1"
    priority: str | None = None


class TicketCalled(_TicketData):
    """A counter called the number."""

    event_type: ClassVar[str] = "queue.ticket.called.v1"
    counter: str
    officer: str
    call: int
    """1 for the first call, 2 for the first recall."""


class TicketServing(_TicketData):
    """The citizen sits at the counter; enrolment_api opens the counter's session."""

    event_type: ClassVar[str] = "queue.ticket.serving.v1"
    counter: str
    officer: str


class TicketCompleted(_TicketData):
    """The citizen was served."""

    event_type: ClassVar[str] = "queue.ticket.completed.v1"
    counter: str | None = None
    served_seconds: float


class TicketNoShow(_TicketData):
    """Called, and nobody came."""

    event_type: ClassVar[str] = "queue.ticket.no_show.v1"
    counter: str | None = None


class TicketReinstated(_TicketData):
    """Came back after a missed call, was resumed from parking, or redeemed a voucher: waiting again."""

    event_type: ClassVar[str] = "queue.ticket.reinstated.v1"


class TicketParked(_TicketData):
    """Set aside at the counter, to be resumed."""

    event_type: ClassVar[str] = "queue.ticket.parked.v1"


class TicketHeld(_TicketData):
    """Its service step is out; the place is kept."""

    event_type: ClassVar[str] = "queue.ticket.held.v1"
    outage_id: str | None = None
    interrupted: bool
    """True when it was already called or being served."""


class TicketReleased(_TicketData):
    """The step works again: waiting in the original order, the interrupted one first."""

    event_type: ClassVar[str] = "queue.ticket.released.v1"
    interrupted: bool


class TicketCancelled(_TicketData):
    """The citizen gave the place up."""

    event_type: ClassVar[str] = "queue.ticket.cancelled.v1"


class TicketVouchered(_TicketData):
    """The place is kept on a voucher."""

    event_type: ClassVar[str] = "queue.ticket.vouchered.v1"
    reason: str


class TicketTransferred(_TicketData):
    """Goes on as another ticket which keeps the arrival time."""

    event_type: ClassVar[str] = "queue.ticket.transferred.v1"
    to_ticket: str
    to_office: str


class OutageOpened(EventData):
    """Something the office needs is out."""

    event_type: ClassVar[str] = "queue.outage.opened.v1"
    hop: Hop
    since: AwareDatetime
    services: list[ServiceType]
    """Which service steps it stops."""
    by: str
    """`central_link` when found by itself, else the staff id."""


class OutageUpdated(EventData):
    """What is known of the restoration has changed."""

    event_type: ClassVar[str] = "queue.outage.updated.v1"
    expected_restoration: AwareDatetime | None
    source: str | None
    next_update_by: AwareDatetime | None


class OutageClosed(EventData):
    """It works again."""

    event_type: ClassVar[str] = "queue.outage.closed.v1"
    since: AwareDatetime
    until: AwareDatetime
    minutes: float


class DayClosed(EventData):
    """The office's day with its figures."""

    event_type: ClassVar[str] = "queue.day.closed.v1"
    day: date
    issued: int
    served: int
    no_shows: int
    vouchered: int
    outage_minutes: float


class OfficeConfigured(EventData):
    """An office's configuration, whole; enrolment_api keeps its policies."""

    event_type: ClassVar[str] = "queue.office.configured.v1"
    office: Office


EVENTS: tuple[type[EventData], ...] = (
    TicketIssued,
    TicketCalled,
    TicketServing,
    TicketCompleted,
    TicketNoShow,
    TicketReinstated,
    TicketParked,
    TicketHeld,
    TicketReleased,
    TicketCancelled,
    TicketVouchered,
    TicketTransferred,
    OutageOpened,
    OutageUpdated,
    OutageClosed,
    DayClosed,
    OfficeConfigured,
)
