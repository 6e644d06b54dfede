"""What one rule of the verdict wanted and what it saw."""

from collections.abc import Callable
from dataclasses import dataclass

from services.ektp.replay.history import History
from services.ektp.replay.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule holds or is violated; `saw` says by what."""

    rule: str
    holds: bool
    saw: str


# None where the scenario says nothing that the rule could compare.
Rule = Callable[[Scenario, History], Finding | None]


def some(numbers: list[int]) -> str:
    """A few numbers for a person to read."""
    shown = ", ".join(str(number) for number in numbers[:6])
    return f"{shown} and {len(numbers) - 6} more" if len(numbers) > 6 else shown or "none"
