"""The ways in which the centre can be away, and for how long at most."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Mode(StrEnum):
    """What an office's client meets."""

    REFUSE = "REFUSE"
    """Nobody listens: connection refused; open connections are reset."""
    HANG = "HANG"
    """Connections are taken, requests are read, no answer ever comes, not to those in flight either."""
    RESET = "RESET"
    """Connections are taken and reset when a request comes."""
    HTTP_503 = "HTTP_503"
    """A front answers 503 with Retry-After."""


DEFAULT_LIFE = 3600.0
"""Seconds of the clock after which a fault ends that was set without `for`."""
LONGEST_LIFE = 7 * 86_400.0
"""No fault lives longer: one that was forgotten must not look like a broken centre for ever."""


@dataclass(frozen=True)
class Fault:
    """One fault in force."""

    mode: Mode
    since: datetime
    seconds: float
    """Its whole life, in seconds of the clock."""
    set_by: str
    reason: str
    retry_after: int


def life_left(fault: Fault, now: datetime) -> float:
    """How many seconds of the clock a fault that outlived a restart still has; 0 when it is over.

    The clock may have been moved since. When it stands before the fault's beginning nothing can be known of how
    long it was: it is over.
    """
    elapsed = (now - fault.since).total_seconds()
    return 0.0 if elapsed < 0 else max(fault.seconds - elapsed, 0.0)
