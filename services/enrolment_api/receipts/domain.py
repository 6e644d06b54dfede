"""The honest sentences of a receipt: what is certain, what is not known yet, what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.enrolment_api.recording.domain import Status

NOT_YET = "Recorded here, not yet at the centre."
NEEDS_A_LOOK = "Recorded here, not yet at the centre: the office has to look at it first."
LOST_THERE = "The centre had confirmed the record and does not hold it any more; it is sent again by itself."
DECIDING = "The centre is checking that the record is unique; nobody can say how long this takes."

DECISIONS: Mapping[Status, str] = {
    Status.ADJUDICATE_RECORD: "An expert at the centre is looking at the record; nobody can say how long this takes.",
    Status.DUPLICATE_RECORD: "The centre already has a record of this person; please ask at the office.",
    Status.ENROLL_FAILURE_AT_CENTRAL: "The centre could not use the record; please come to be recorded again.",
    Status.ENROLL_FAILURE_AT_REGIONAL: "The record could not be used; please come to be recorded again.",
    Status.PRINT_READY_RECORD: "The record is unique and ready to print; the card is not printed yet.",
    Status.SENT_FOR_CARD_PRINTING: "The card is being printed.",
    Status.CARD_PRINTED: "The card is printed and can be picked up.",
    Status.CARD_ISSUED: "The card was handed over.",
}
CARDS: Mapping[Status, str] = {
    Status.SENT_FOR_CARD_PRINTING: "BEING_PRINTED",
    Status.CARD_PRINTED: "PRINTED",
    Status.CARD_ISSUED: "HANDED_OVER",
}
NO_CARD = "NOT_PRINTED"


@dataclass(frozen=True)
class Story:
    """What a receipt tells of; times in the office's zone."""

    status: Status
    office_name: str
    recorded_at: datetime
    sent_at: datetime | None
    needs_a_look: bool
    lost_there: bool = False
    """The centre had given its receipt once, and lost the record."""


def sentences(story: Story) -> list[str]:
    """The record's way so far, in the words a citizen can rely on."""
    told = [f"Recorded at {story.office_name} on {_at(story.recorded_at)}; it is safe here."]
    if story.sent_at is not None:
        told.append(f"At the centre since {_at(story.sent_at)}.")
    elif story.status is Status.BIO_CAPTURED or story.lost_there:
        told.append(NEEDS_A_LOOK if story.needs_a_look else NOT_YET)
        told += [LOST_THERE] if story.lost_there else []
    if story.status is Status.SENT_FOR_ENROLLMENT:
        told.append(DECIDING)
    if story.status in DECISIONS:
        told.append(DECISIONS[story.status])
    return told


def _at(moment: datetime) -> str:
    return f"{moment:%d %B %Y at %H:%M} {_zone(moment)}"


def _zone(moment: datetime) -> str:
    """WIB, WITA or WIT."""
    return moment.tzname() or "UTC"
