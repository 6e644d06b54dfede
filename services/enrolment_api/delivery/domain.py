"""The states of a delivery and what an answer of the centre means for it: data and pure functions."""

import random
from dataclasses import dataclass
from enum import StrEnum

MAX_REJECTIONS = 3
FIRST_DELAY = 5.0
MAX_DELAY = 300.0


class DeliveryState(StrEnum):
    """Where a record is on its way to the centre; a second axis beside its status."""

    PENDING = "PENDING"
    IN_FLIGHT = "IN_FLIGHT"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    QUARANTINED = "QUARANTINED"
    EXPORTED = "EXPORTED"


class DeliveryAction(StrEnum):
    """What a supervisor may ask of a delivery."""

    RETRY = "retry"
    QUARANTINE = "quarantine"
    RELEASE = "release"


TRANSITIONS: dict[tuple[DeliveryState, DeliveryAction], DeliveryState] = {
    (DeliveryState.PENDING, DeliveryAction.RETRY): DeliveryState.PENDING,
    (DeliveryState.OUTCOME_UNKNOWN, DeliveryAction.RETRY): DeliveryState.OUTCOME_UNKNOWN,
    (DeliveryState.PENDING, DeliveryAction.QUARANTINE): DeliveryState.QUARANTINED,
    (DeliveryState.OUTCOME_UNKNOWN, DeliveryAction.QUARANTINE): DeliveryState.QUARANTINED,
    # what was rejected may have been accepted before its answer was lost: ask first
    (DeliveryState.QUARANTINED, DeliveryAction.RELEASE): DeliveryState.OUTCOME_UNKNOWN,
}


def allowed_actions(state: DeliveryState) -> list[DeliveryAction]:
    """What can be asked of a delivery in this state."""
    return [action for (source, action) in TRANSITIONS if source is state]


class Verdict(StrEnum):
    """What one exchange with the centre came to."""

    ACCEPTED = "ACCEPTED"
    """Its signed receipt is here."""
    NOT_THERE = "NOT_THERE"
    """Asked by key: the centre does not have it, so it may be sent."""
    NOT_SENT = "NOT_SENT"
    """The destination is out and certainly did not take it."""
    BUSY = "BUSY"
    """The centre asks for patience (429, 503)."""
    UNKNOWN = "UNKNOWN"
    """Sent, and no answer that counts: it may be there."""
    REJECTED = "REJECTED"
    """The record itself is refused."""
    CONFLICT = "CONFLICT"
    """The centre holds other bytes under this key."""


DESTINATION_FAILED = frozenset({Verdict.NOT_SENT, Verdict.BUSY, Verdict.UNKNOWN})


@dataclass(frozen=True)
class NextStep:
    """What becomes of a delivery: its state, the attempts spent, and the delay in seconds until it is due again."""

    state: DeliveryState
    attempts: int
    delay: float | None


def next_step(
    verdict: Verdict, attempts: int, dice: random.Random, *, may_be_there: bool = False
) -> NextStep:
    """Decide after an exchange. Only a record's own rejection spends one of its attempts.

    A record that `may_be_there` has to be asked for: a question that got no answer has settled nothing.
    """
    if verdict is Verdict.ACCEPTED:
        return NextStep(DeliveryState.ACKNOWLEDGED, attempts, None)
    if verdict is Verdict.CONFLICT:
        return NextStep(DeliveryState.QUARANTINED, attempts + 1, None)
    if verdict is Verdict.REJECTED:
        if attempts + 1 >= MAX_REJECTIONS:
            return NextStep(DeliveryState.QUARANTINED, attempts + 1, None)
        return NextStep(DeliveryState.PENDING, attempts + 1, full_jitter(attempts, dice))
    if verdict is Verdict.UNKNOWN or may_be_there:
        return NextStep(DeliveryState.OUTCOME_UNKNOWN, attempts, 0.0)
    return NextStep(DeliveryState.PENDING, attempts, 0.0)


def full_jitter(
    attempts: int, dice: random.Random, *, first: float = FIRST_DELAY, most: float = MAX_DELAY
) -> float:
    """Seconds to wait: anywhere up to the doubled and capped delay, so that many never come together."""
    return dice.uniform(0.0, min(most, first * 2.0 ** min(attempts, 30)))
