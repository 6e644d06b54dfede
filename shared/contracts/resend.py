"""Asking the publisher for events that a consumer is missing; outside any order (sequence 0)."""

from typing import ClassVar

from shared.contracts.envelope import EventData


class ResendRequested(EventData):
    """`subject`'s events from `first` to `last` (inclusive) did not arrive; publish them again."""

    event_type: ClassVar[str] = "messaging.resend.requested.v1"
    to: str
    """The service that published them."""
    subject: str
    first: int
    last: int
