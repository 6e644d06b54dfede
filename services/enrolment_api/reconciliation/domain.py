"""What a day adds up to, what a comparison with the centre means, and when a day is compared again. Pure."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.enrolment_api.delivery.domain import DeliveryState
from shared.contracts.central import Reconciliation

DAY_SECONDS = 86_400.0
RECOVERY_SPREAD = 300.0
"""Seconds after an outage within which recent days are compared: all offices come back at the same moment."""
JITTER = 0.25
"""The share by which an interval is longer or shorter, so that offices don't keep step."""
RUN_SECONDS = 600.0
"""A comparison that has not ended by then is begun again, should nobody have found before that it was lost."""


class ReconciliationState(StrEnum):
    """How far the comparison of a day has come."""

    NOT_REQUESTED = "NOT_REQUESTED"
    REQUESTED = "REQUESTED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class Standing(StrEnum):
    """Where a recorded record stands; each stands in exactly one place, so a day always adds up."""

    ACKNOWLEDGED = "ACKNOWLEDGED"
    """The centre's signed receipt is here."""
    PENDING = "PENDING"
    """On its way, or waiting to be."""
    QUARANTINED = "QUARANTINED"
    """Somebody has to look at it."""


STANDINGS: Mapping[DeliveryState, Standing] = {
    DeliveryState.PENDING: Standing.PENDING,
    DeliveryState.IN_FLIGHT: Standing.PENDING,
    DeliveryState.OUTCOME_UNKNOWN: Standing.PENDING,
    DeliveryState.EXPORTED: Standing.PENDING,
    DeliveryState.ACKNOWLEDGED: Standing.ACKNOWLEDGED,
    DeliveryState.QUARANTINED: Standing.QUARANTINED,
}


def standing_of(state: str | None) -> Standing:
    """Where a record with this delivery stands; one without any will never be sent: somebody has to look."""
    return STANDINGS[DeliveryState(state)] if state is not None else Standing.QUARANTINED


@dataclass(frozen=True)
class Figures:
    """A day in figures: recorded = acknowledged + pending + quarantined."""

    recorded: int
    acknowledged: int
    pending: int
    quarantined: int


def figures_of(states: Iterable[tuple[str | None, int]]) -> Figures:
    """From how many records have which delivery."""
    counted = dict.fromkeys(Standing, 0)
    for state, number in states:
        counted[standing_of(state)] += number
    return Figures(
        recorded=sum(counted.values()),
        acknowledged=counted[Standing.ACKNOWLEDGED],
        pending=counted[Standing.PENDING],
        quarantined=counted[Standing.QUARANTINED],
    )


class Found(StrEnum):
    """What the two sides do not agree on."""

    MISSING = "MISSING"
    """Acknowledged to us, and not held there."""
    MISMATCHED = "MISMATCHED"
    """Held there with other bytes."""
    UNEXPECTED = "UNEXPECTED"
    """Held there for this office's day, and never recorded here."""


class Done(StrEnum):
    """What was done about it."""

    SENT_AGAIN = "SENT_AGAIN"
    REPORTED = "REPORTED"
    """A person has to find out: nothing is sent or changed."""


@dataclass(frozen=True)
class Line:
    """One record of the day as the office knows it."""

    key: str
    sha256: str
    standing: Standing
    receipt_number: str | None


@dataclass(frozen=True)
class Disagreements:
    """By key. `missing` are the lines that the centre had acknowledged."""

    missing: list[Line]
    mismatched: list[str]
    unexpected: list[str]


def disagreements(lines: Sequence[Line], answers: Sequence[Reconciliation]) -> Disagreements:
    """What the centre's answers, one for each part of the day's list, come to for the whole day.

    What is still on its way may well be missing there. A record is unexpected only if no part listed it.
    """
    missing = {key for answer in answers for key in answer.missing}
    mismatched = {key for answer in answers for key in answer.mismatched}
    unexpected = {key for answer in answers for key in answer.unexpected} - {line.key for line in lines}
    return Disagreements(
        missing=[line for line in lines if line.key in missing and line.standing is Standing.ACKNOWLEDGED],
        mismatched=[line.key for line in lines if line.key in mismatched],
        unexpected=sorted(unexpected),
    )


# -- when a day is compared


@dataclass(frozen=True)
class Policy:
    """How often, how far back, and how long a receipt is too fresh to be doubted; seconds and days.

    With no days nothing is compared by itself, only what is asked for.
    """

    every: float = 3600.0
    days: int = 7
    grace: float = 120.0

    def interval(self, age: int) -> float | None:
        """Seconds between two comparisons of a day that old; None for one that is left alone."""
        if 0 <= age <= 1 and self.days:
            return self.every
        return max(DAY_SECONDS, self.every) if 0 <= age < self.days else None


@dataclass(frozen=True)
class Known:
    """When a day is due, and when its comparison last began."""

    due_at: datetime | None
    started_at: datetime | None


def due_again(
    day: date, today: date, *, now: datetime, policy: Policy, dice: random.Random
) -> datetime | None:
    """After a comparison: when the day is compared next."""
    interval = policy.interval((today - day).days)
    return now + timedelta(seconds=interval * dice.uniform(1 - JITTER, 1 + JITTER)) if interval else None


def days_to_plan(today: date, last_recorded: date | None, policy: Policy) -> set[date]:
    """The days that must have a time to be compared at: the last ones, and the last on which anybody was recorded."""
    days = {today - timedelta(days=age) for age in range(max(policy.days, 2))}
    return days | ({last_recorded} if last_recorded else set())


def planned(
    known: Known | None,
    *,
    interval: float,
    recent: bool,
    online_since: datetime,
    now: datetime,
    dice: random.Random,
) -> datetime | None:
    """A new time for a day, or None to leave it as it is.

    A day nobody compared yet gets any time within its interval. After an outage recent days are compared soon: a
    centre that was restored from a backup comes back as an outage's end.
    """
    if known is None:
        known, first = Known(None, None), now + timedelta(seconds=dice.uniform(0.0, interval))
    else:
        first = None
    if not recent or (known.started_at is not None and known.started_at >= online_since):
        return first
    latest = online_since + timedelta(seconds=RECOVERY_SPREAD)
    due = first or known.due_at
    if due is not None and due <= latest:
        return first
    return online_since + timedelta(seconds=dice.uniform(0.0, RECOVERY_SPREAD))
