"""What a run consists of before its dice are rolled: small enough to stand in one command."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from shared.testing.plan import DatabaseKind

SPEED = 10.0
"""Of the offices' clock: patience is counted in tens of its seconds, and nobody waits for it that long."""
BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=timezone(timedelta(hours=7)))
"""A Monday morning, far from both midnights whichever way a clock jumps."""
LEAD_IN = 2.0
"""Seconds before the first fault: something has to be there to be lost."""


@dataclass(frozen=True)
class Setup:
    """One run. Everything else follows from the seed."""

    seed: int
    minutes: float = 1.0
    database: DatabaseKind = "sqlite"
    replicas: int = 1
    disks: bool = False
    """Whether disks of our own can be mounted here, so that they can be full and lose their power."""
    kinds: tuple[str, ...] = ()
    """Only these kinds of faults; all when empty."""
    settles_within: float = 60.0
    """Seconds, see `convergence`."""

    @property
    def seconds(self) -> float:
        return self.minutes * 60.0

    @property
    def command(self) -> str:
        """What repeats it."""
        kinds = f" KINDS='{','.join(self.kinds)}'" if self.kinds else ""
        return f"make chaos SEED={self.seed} MINUTES={self.minutes:g} DATABASE={self.database}{kinds}"


def setup_of(
    seed: int, minutes: float, database: DatabaseKind | None, *, disks: bool, kinds: tuple[str, ...] = ()
) -> Setup:
    """Odd seeds run two replicas of each on PostgreSQL, even ones a single office's node on SQLite."""
    kind: DatabaseKind = database or ("postgresql" if seed % 2 else "sqlite")
    if kind == "postgresql":
        return Setup(seed, minutes, kind, replicas=2, disks=disks, kinds=kinds)
    return Setup(seed, minutes, kind, disks=disks, kinds=kinds)
