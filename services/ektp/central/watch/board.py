"""What the screen shows, put together from the console's answers. Pure: no clock, no network, no terminal."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.ektp.central.showing import entry_line

LINES = 12
WINDOW = 10
"""Seconds over which the rate of requests is told."""
NO_ANSWER = "no answer"


@dataclass
class Board:
    """The latest state, the last lines of the journal, and requests second by second."""

    state: Mapping[str, Any] | None = None
    trouble: str | None = None
    """Why the console could not be asked."""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES))
    followed: bool = False
    """Whether the journal is followed, so that requests can be counted."""
    requests: int = 0
    _seconds: dict[int, Counter[str]] = field(default_factory=dict)

    def told(self, state: Mapping[str, Any]) -> None:
        """The console answered."""
        self.state, self.trouble = state, None

    def saw(self, entry: Mapping[str, Any]) -> None:
        """A line of the journal."""
        if entry["what"] == "CONNECTION" and not entry["rules"]:
            return  # one for each client is noise; one that a fault ended is not
        self.lines.append(entry_line(entry))

    def heard(self, entry: Mapping[str, Any], at: float) -> None:
        """Something ended, at this second of real time."""
        self.saw(entry)
        if entry["what"] == "REQUEST":
            self.requests += 1
            status = NO_ANSWER if entry["status"] is None else str(entry["status"])
            self._seconds.setdefault(int(at), Counter())[status] += 1

    def rates(self, at: float) -> dict[str, float]:
        """Requests per second by status, over the last whole seconds; the most frequent first."""
        for second in [each for each in self._seconds if each < int(at) - WINDOW]:
            del self._seconds[second]
        total: Counter[str] = Counter()
        for second, counted in self._seconds.items():
            if second < int(at):
                total += counted
        return {status: number / WINDOW for status, number in total.most_common()}
