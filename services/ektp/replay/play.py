"""What is to be played: a reported day, on a date, in one of its two modes."""

from dataclasses import dataclass
from datetime import date

from services.ektp.replay.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Play:
    """What is to be played."""

    scenario: Scenario
    day: date
    record_offline: bool
    seed: int
    speed: float


def mode_title(*, record_offline: bool) -> str:
    """The mode in words."""
    return "recording offline" if record_offline else "as the offices had it"
