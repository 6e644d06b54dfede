"""The drain yields to intake: whoever stands at a counter goes before what can wait for minutes.

Both share one processor. Forwarding a record costs it more than completing one, so at full speed each would halve
the other.
"""

from collections import deque

BUSY_RECORDS = 20
BUSY_SECONDS = 0.5
"""So many records completed within so many real seconds: more than the counters of any one office bring."""
BREATH = 0.05
"""Real seconds between two deliveries meanwhile: the backlog still shrinks a little, and an outage is still seen."""


class Intake:
    """How busy the counters keep this process, in the loop's own seconds: it guards a machine, not a day."""

    def __init__(self) -> None:
        self._completed: deque[float] = deque(maxlen=BUSY_RECORDS)

    def note(self, at: float) -> None:
        """A record was completed."""
        self._completed.append(at)

    def is_busy(self, at: float) -> bool:
        """Whether deliveries should hold back."""
        return len(self._completed) == BUSY_RECORDS and at - self._completed[0] < BUSY_SECONDS
