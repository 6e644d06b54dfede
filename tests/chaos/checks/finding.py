"""What a check finds, and what all checks are given."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.clients.history import Operation
from tests.chaos.observed import Observed

NUMBERS = ("issue", "transfer")
"""What gives somebody a number."""


@dataclass(frozen=True)
class Violation:
    """A promise that was not kept."""

    check: str
    what: str
    about: str = ""
    """The ticket, record or process: what a timeline is searched for."""
    at: float | None = None
    """Seconds since the history began, where a moment can be named."""

    def __str__(self) -> str:
        return f"{self.check}: {self.what}"


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything that is known of a run."""

    history: list[Operation] = field(default_factory=list)
    observed: Observed = field(default_factory=Observed)
    events: list[dict[str, Any]] = field(default_factory=list)

    def told(self, *what: str) -> Iterator[Operation]:
        """Intents of these names of which the client was told that they are done."""
        return (each for each in self.history if each.ok and each.what in what)

    def unknown(self, *what: str) -> Iterator[Operation]:
        """Those of which nobody knows."""
        return (each for each in self.history if each.unknown and each.what in what)


def few(names: Iterable[str], most: int = 5) -> str:
    """The first of them, for a message."""
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")


def office_of(giving: Operation) -> str:
    """Where the number is good that this gives, or may have given."""
    office: str = giving.about.get("to_office") or giving.about["office"]
    return office
