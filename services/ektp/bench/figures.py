"""What a measurement is: values and yardsticks taken in turns, a ratio, an aim, and whether it was met."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which that part of all values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


@dataclass(frozen=True)
class Figure:
    """One line of the table. Measured and yardstick were taken in pairs, one after the other."""

    name: str
    yardstick_name: str
    unit: str
    measured: Sequence[float]
    yardstick: Sequence[float]
    aim: float
    at_most: bool = False

    @property
    def ratios(self) -> list[float]:
        """Pair by pair: what disturbs the machine for a while disturbs both of a pair."""
        return [one / other for one, other in zip(self.measured, self.yardstick, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def met(self) -> bool:
        return self.ratio <= self.aim if self.at_most else self.ratio >= self.aim

    def as_json(self) -> dict[str, Any]:
        """The line with everything that was measured."""
        return {
            "name": self.name,
            "yardstick_name": self.yardstick_name,
            "unit": self.unit,
            "measured": round(median(self.measured), 3),
            "yardstick": round(median(self.yardstick), 3),
            "ratio": round(self.ratio, 3),
            "aim": self.aim,
            "aim_is": "at most" if self.at_most else "at least",
            "met": self.met,
            "rounds": [
                {"measured": round(one, 3), "yardstick": round(other, 3), "ratio": round(one / other, 3)}
                for one, other in zip(self.measured, self.yardstick, strict=True)
            ],
        }
