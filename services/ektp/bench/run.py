"""One run of the bench: where it plays, how often it repeats, how much of the full size it takes."""

from dataclasses import dataclass
from pathlib import Path

from services.ektp.bench.stage import NOWHERE, Stage


@dataclass(frozen=True)
class Run:
    """What every measurement is told."""

    home: Path
    keys: Path
    rounds: int
    scale: float

    def scaled(self, full: int, multiple: int = 1) -> int:
        """So many at this run's scale, a multiple of what must divide it."""
        return max(1, round(full * self.scale / multiple)) * multiple

    def stage(self, name: str, *, broker_url: str = NOWHERE, **settings: str) -> Stage:
        """A fresh one."""
        return Stage(self.home / name, self.keys, broker_url=broker_url, **settings)
