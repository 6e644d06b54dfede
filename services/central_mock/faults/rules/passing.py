"""How much time of the clock has passed: moving the clock neither ends nor prolongs what is counted in it."""

from collections.abc import Callable


class PassedTime:
    """Seconds of the clock since the start, counted at the speed that held while they passed."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._passed = 0.0
        self._marked: float | None = None

    def total(self, speed: float) -> float:
        """Seconds until now, if the clock has had this speed since the last mark."""
        if self._marked is None:
            return self._passed
        return self._passed + (self._now() - self._marked) * speed

    def mark(self, speed: float) -> None:
        """Settle what has passed since the last mark at this speed; another may hold from now on."""
        self._passed, self._marked = self.total(speed), self._now()
