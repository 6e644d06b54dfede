"""Slowing down who guesses passwords, the same for accounts that exist and that do not."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE_FAILURES = 5
FIRST_WAIT = 2.0
LONGEST_WAIT = 300.0
FORGOTTEN_AFTER = 900.0
REMEMBERED_NAMES = 10_000


@dataclass
class Failures:
    """Wrong passwords in a row for one name."""

    count: int
    last: float


class Throttle:
    """Counts failures per name in real seconds; forgets them after a success or a quarter of an hour."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._failures: OrderedDict[str, Failures] = OrderedDict()

    def wait(self, name: str) -> float:
        """Seconds until this name may be tried again; 0 when now."""
        failures = self._failures.get(name)
        if failures is None or failures.count < FREE_FAILURES:
            return 0.0
        doublings = min(
            failures.count - FREE_FAILURES, 20
        )  # a float has room for a thousand, a guesser may not
        pause = min(LONGEST_WAIT, FIRST_WAIT * 2.0**doublings)
        return max(0.0, failures.last + pause - self._now())

    def failed(self, name: str) -> None:
        """Count a wrong password."""
        known = self._failures.pop(name, None)
        fresh = known is not None and known.last + FORGOTTEN_AFTER > self._now()
        self._failures[name] = Failures(known.count + 1 if known and fresh else 1, self._now())
        while len(self._failures) > REMEMBERED_NAMES:
            self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget what was counted."""
        self._failures.pop(name, None)
