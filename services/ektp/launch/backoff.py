"""How long to wait before a process that died is started again."""

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
# A process that ran this long is healthy: its next death starts at the first delay again.
STEADY_AFTER = 30.0


class Backoff:
    """Doubles with every death that follows quickly on a start, up to a cap; never gives up by itself."""

    def __init__(self) -> None:
        self.quick_deaths = 0

    def after(self, ran_for: float) -> float:
        """Seconds to wait after a process died that had run for `ran_for` seconds."""
        self.quick_deaths = 1 if ran_for >= STEADY_AFTER else self.quick_deaths + 1
        return min(FIRST_DELAY * 2.0 ** min(self.quick_deaths - 1, 16), LONGEST_DELAY)
