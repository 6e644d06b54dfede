"""What the clients of a replayed day saw, and nothing else: the checker and the report know only this."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a counter's attempt to serve somebody ended."""

    RECORDED = "RECORDED"
    INTERRUPTED = "INTERRUPTED"  # begun, then refused because the centre is away
    REFUSED = "REFUSED"  # people wait, and the office may not call them
    NOBODY = "NOBODY"  # the line is empty


@dataclass(slots=True)
class TicketSeen:
    """One number, from the kiosk's answer to its state after closing time."""

    number: int
    id: str
    code: str
    issued_at: datetime
    called: list[tuple[datetime, int]] = field(default_factory=list)
    # (when looked at, state); the last one is the state after the day was closed
    states: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def final(self) -> str | None:
        """The state it was left in."""
        return self.states[-1][1] if self.states else None


@dataclass(slots=True)
class Recorded:
    """One recording that was answered with a receipt: from here on nothing may be lost."""

    number: int
    enrolment: str
    receipt: str
    counter: int
    recorded_at: datetime
    # real seconds from asking to complete it to the receipt
    took: float = 0.0
    delivery: str | None = None
    at_centre: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A stretch of a counter's time, from wanting to serve to being ready for the next."""

    counter: int
    began: datetime
    ended: datetime
    outcome: Outcome
    number: int | None = None


@dataclass(frozen=True, slots=True)
class LinkSeen:
    """The link to the centre as the officer's screen shows it."""

    at: datetime
    state: str
    backlog: int


@dataclass(frozen=True, slots=True)
class BoardSeen:
    """The waiting room's display."""

    at: datetime
    mode: str
    waiting: int
    held: int


@dataclass(frozen=True, slots=True)
class Verified:
    """The centre's own account of the records that the office believes to be there."""

    asked: int
    missing: list[str]
    twice: list[str]
    unexpected: list[str]
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class History:
    """One day in one mode."""

    scenario: str
    day: date
    record_offline: bool
    seed: int
    outage_began: datetime
    outage_ended: datetime
    tickets: list[TicketSeen] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    links: list[LinkSeen] = field(default_factory=list)
    boards: list[BoardSeen] = field(default_factory=list)
    outages: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    verified: Verified | None = None
    repeated_requests: int = 0
    real_seconds: float = 0.0

    def ticket(self, number: int) -> TicketSeen | None:
        """The ticket with that number."""
        return next((ticket for ticket in self.tickets if ticket.number == number), None)
