"""Comparing what a publisher has published with what a consumer has heard; said from queue to queue, outside any order.

A mark is the last event of an aggregate. Positions are rows of the publisher's outbox, in their order.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from shared.contracts.envelope import LAST_SEQUENCE, EventData, EventId, Word

Position = Annotated[int, Field(ge=0, le=2**63 - 1)]
Sequence = Annotated[int, Field(ge=1, le=LAST_SEQUENCE)]


class MarksAsked(EventData):
    """Which aggregates have events in your outbox after one row and up to another, and what is each one's last?"""

    event_type: ClassVar[str] = "messaging.marks.asked.v1"
    by: str
    """The service that asks."""
    after: Position
    upto: Position
    question: EventId | None = None
    """Its name, which the answer says again."""


class MarksTold(EventData):
    """The answer: `marks` by subject, of the rows after `after` and up to `upto`, which may be fewer than asked for."""

    event_type: ClassVar[str] = "messaging.marks.told.v1"
    after: Position
    upto: Position
    top: Position
    """The last row there is now."""
    marks: dict[Word, Sequence]
    waiting: Position | None = None
    """The first row that is not published, or is to be published again."""
    question: EventId | None = None
