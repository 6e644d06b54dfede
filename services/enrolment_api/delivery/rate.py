"""How fast the backlog drains, measured over the last minutes."""

from collections import deque
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=10)
ENOUGH = 5
"""Fewer receipts than this say nothing of the rate."""
KEPT = 10_000


class DrainRate:
    """Receipts over a sliding window of the clock's time."""

    def __init__(self) -> None:
        self._receipts: deque[datetime] = deque(maxlen=KEPT)

    def note(self, now: datetime) -> None:
        """A receipt came."""
        self._receipts.append(now)

    def per_minute(self, now: datetime) -> float | None:
        """Receipts a minute; None where there are too few to say."""
        while self._receipts and self._receipts[0] < now - WINDOW:
            self._receipts.popleft()
        if len(self._receipts) < ENOUGH:
            return None
        minutes = (now - self._receipts[0]).total_seconds() / 60
        return len(self._receipts) / minutes if minutes > 0 else None

    def expected_end(self, now: datetime, backlog: int) -> datetime | None:
        """When the backlog will be gone at this rate; now for an empty one, None where nobody can say."""
        if backlog == 0:
            return now
        rate = self.per_minute(now)
        return now + timedelta(minutes=backlog / rate) if rate else None
