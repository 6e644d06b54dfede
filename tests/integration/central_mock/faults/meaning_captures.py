"""Every fault of meaning: how it is set here, and the story that a client of the centre can tell of it.

The documentation's table is held against this; the capture itself holds this against the running centre.
"""

from dataclasses import dataclass, field
from typing import Any

from services.central_mock.faults.specs import Kind

PLAIN_STORY = (
    "sent: 201, a good receipt",
    "asked: 200, a good receipt",
    "sent again: 200, a good receipt",
    "decided: PRINT_READY_RECORD",
)
"""What is seen while no rule is on."""
ANSWERS = 3


def told(story: list[str]) -> str:
    """What of a story differs from the plain one; what is the same of all three answers is said once."""
    differing = [each for each in story if each not in PLAIN_STORY]
    after_status = {each.partition(", ")[2] for each in differing[:ANSWERS]}
    if len(differing) >= ANSWERS and len(after_status) == 1 and all(after_status):
        differing[:ANSWERS] = [f"each time: {after_status.pop()}"]
    return "; ".join(differing)


@dataclass(frozen=True)
class MeaningCapture:
    """One fault, tried."""

    kind: Kind
    shows: str
    """What of the story differs from the plain one."""
    settings: dict[str, Any] = field(default_factory=dict)
    shape: dict[str, Any] = field(default_factory=dict)
    decisions: int = 1
    """How many come while the rule is on."""
    in_the_end: int = 1
    """How many have come when it is off."""

    @property
    def fault(self) -> dict[str, Any]:
        return {"kind": self.kind.value, **self.settings}

    @property
    def id(self) -> str:
        return "-".join([self.kind.value, *(str(each) for each in self.settings.values())])


MEANING_CAPTURES = [
    MeaningCapture(
        Kind.ANSWER_LOST,
        "sent: no byte, then RST",
        shape={"first": 1},
    ),
    MeaningCapture(
        Kind.FORGOTTEN,
        "asked a moment later: 404; sent again: 201, another receipt than before",
        shape={"first": 1},
    ),
    MeaningCapture(
        Kind.APPLIED_TWICE,
        "decided: PRINT_READY_RECORD, then PRINT_READY_RECORD",
        decisions=2,
        in_the_end=2,
    ),
    MeaningCapture(
        Kind.RESULT_LATE,
        "decided: nothing; after the fault: PRINT_READY_RECORD",
        decisions=0,
    ),
    MeaningCapture(
        Kind.RESULT_OUT_OF_ORDER,
        "decided: PRINT_READY_RECORD, then ADJUDICATE_RECORD",
        decisions=2,
        in_the_end=2,
    ),
    MeaningCapture(
        Kind.RESULT_TWICE,
        "decided: PRINT_READY_RECORD, then PRINT_READY_RECORD",
        decisions=2,
        in_the_end=2,
    ),
    MeaningCapture(
        Kind.RESULT_NEVER,
        "decided: nothing; after the fault: PRINT_READY_RECORD",
        decisions=0,
    ),
    MeaningCapture(
        Kind.RESULT_OF_ANOTHER,
        "decided: one of a record that was never sent, then PRINT_READY_RECORD",
        decisions=2,
        in_the_end=2,
    ),
    MeaningCapture(
        Kind.BATCH_HALF_DONE,
        "file of 2 sent: 500; asked for the first: 200, a good receipt; for the second: 404",
    ),
    MeaningCapture(
        Kind.CORRUPT_RECEIPT,
        "each time: the receipt has another hash",
        settings={"part": "HASH"},
    ),
    MeaningCapture(
        Kind.CORRUPT_RECEIPT,
        "each time: the signature is wrong",
        settings={"part": "SIGNATURE"},
    ),
    MeaningCapture(
        Kind.CORRUPT_RECEIPT,
        "each time: the receipt of another record",
        settings={"part": "KEY"},
    ),
    MeaningCapture(
        Kind.CLOCK_SKEW,
        "each time: received_at is 60 minutes ahead, Date is 60 minutes ahead",
    ),
    MeaningCapture(
        Kind.KEYS_FORGOTTEN,
        "sent again: 201, another receipt than before; decided: PRINT_READY_RECORD, then PRINT_READY_RECORD",
        decisions=2,
        in_the_end=2,
    ),
    MeaningCapture(
        Kind.OLD_BACKUP,
        "asked when the rule is set: 404; sent again: 201, another receipt than before",
    ),
    MeaningCapture(
        Kind.STALE_READ,
        "asked: 404",
    ),
    MeaningCapture(
        Kind.CHECK_OVERLOADED,
        "decided: nothing; after the fault: PRINT_READY_RECORD",
        decisions=0,
    ),
]
