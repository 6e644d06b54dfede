"""Which attempt of its key a request is, for rules that were set at different times, at one list entry a request."""

from bisect import bisect_right

KEPT_KEYS = 100_000
KEPT_ATTEMPTS = 10_000


class History:
    """When (in ticks) one key met one endpoint. Past its limit the older half is kept as a number only."""

    __slots__ = ("dropped", "ticks")

    def __init__(self) -> None:
        self.ticks: list[int] = []
        self.dropped = 0

    def since(self, tick: int) -> int:
        """How many attempts came after a tick."""
        ticks = self.ticks
        if ticks[0] > tick:
            return self.dropped + len(ticks)
        return len(ticks) - bisect_right(ticks, tick)


class Attempts:
    """Counts per key and endpoint; the oldest keys are forgotten first."""

    def __init__(self, kept_keys: int = KEPT_KEYS, kept_attempts: int = KEPT_ATTEMPTS) -> None:
        self._met: dict[tuple[str, str], History] = {}
        self._kept_keys = kept_keys
        self._kept_attempts = kept_attempts
        self.tick = 0
        """Counts requests that met any rule; a rule counts from the tick at which it was set."""

    def meet(self, endpoint: str, key: str) -> History:
        """One more attempt."""
        self.tick += 1
        history = self._met.get((endpoint, key))
        if history is None:
            if len(self._met) >= self._kept_keys:
                del self._met[next(iter(self._met))]
            history = self._met[endpoint, key] = History()
        history.ticks.append(self.tick)
        if len(history.ticks) > self._kept_attempts:
            half = self._kept_attempts // 2
            del history.ticks[:half]
            history.dropped += half
        return history

    def clear(self) -> None:
        """Forget all; ticks go on."""
        self._met.clear()
