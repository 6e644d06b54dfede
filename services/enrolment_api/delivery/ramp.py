"""How many deliveries go out at once: one after an outage, then more with each success, fewer at each failure."""

MOST = 16


class Ramp:
    """Additive increase, multiplicative decrease; a fresh start doubles each round until its first failure."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._limit = 1.0
        self._doubling = True

    @property
    def limit(self) -> int:
        """Deliveries that may be out at once."""
        return int(self._limit)

    def restart(self) -> None:
        """The centre was out: begin with one."""
        self._limit = 1.0
        self._doubling = True

    def succeeded(self) -> None:
        """One receipt: a little wider."""
        self._limit = min(float(self._most), self._limit + (1.0 if self._doubling else 1.0 / self._limit))

    def failed(self) -> None:
        """Half as wide, and careful from here on."""
        self._limit = max(1.0, self._limit / 2)
        self._doubling = False
