"""What the people of one office share: who is outside, who was set aside, who has been recorded already."""

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shared.sample

ENROLMENT = "ENROLMENT"
RECORDING: dict[str, int] = {"33.13.07": 6, "33.13": 8, "33.20": 10, "33.20.08": 6}
"""Counters at which people are recorded: one alone waits for its answers most of the time."""
OTHER: dict[str, tuple[str, ...]] = {"33.13.07": ("CARD_PICKUP",), "33.13": ("CARD_PICKUP", "SUKET")}
"""What one more counter calls for, where there is one."""
MOBILE: dict[str, int] = {"33.13.07": 2, "33.20.08": 2}
"""Officers who are out in the villages and record without a line."""
OFFICES: dict[str, dict[str, tuple[str, ...]]] = {
    code: {str(number): (ENROLMENT,) for number in range(1, count + 1)}
    | ({str(count + 1): OTHER[code]} if code in OTHER else {})
    for code, count in RECORDING.items()
}
"""The counters that are staffed, and what each calls for."""
ANOTHER = {"33.13.07": "33.20.08", "33.13": "33.20", "33.20": "33.13", "33.20.08": "33.13.07"}
"""Whose token must not open anything here."""
NEIGHBOUR = {"33.13.07": "33.13", "33.13": "33.13.07", "33.20": "33.20.08", "33.20.08": "33.20"}
"""The other office of the kabupaten, which a place in the line can go to."""


def write_offices(path: Path) -> Path:
    """The sample offices with these counters, as an OFFICES_FILE."""
    offices = json.loads((Path(shared.sample.__file__).parent / "offices.json").read_text())
    for office in offices:
        counters = OFFICES.get(office["code"], {})
        office["counters"] = [{"name": name, "services": calls} for name, calls in counters.items()]
    path.write_text(json.dumps(offices))
    return path


@dataclass
class Office:
    """One office as its people know it."""

    code: str
    counters: dict[str, tuple[str, ...]]
    waiting: Counter[str] = field(default_factory=Counter)
    """Numbers of each service that were given and not called yet, as far as anybody has counted."""
    out: bool = False
    """Somebody has noted that the power is gone: nobody can be called, and whoever waits is still there."""
    closing: bool = False
    """The supervisor closes the day: nobody begins anything more here."""
    days: set[str] = field(default_factory=set)
    """The days on which numbers were given, as they say themselves."""
    parked: list[dict[str, Any]] = field(default_factory=list)
    gone: list[dict[str, Any]] = field(default_factory=list)
    """Who did not come when called and may come back."""
    recorded: set[str] = field(default_factory=set)
    """Tickets whose citizen has a receipt."""

    def count_for(self, service: str) -> int:
        """How many counters call for it."""
        return sum(service in calls for calls in self.counters.values())


class Citizens:
    """People who can be told apart: each has a NIK of their own."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._count = 0

    def next_nik(self) -> str:
        """A possible NIK of Karanganyar, in order, so that no two people have the same."""
        self._count += 1
        day, serial = divmod(self._count, 9999)
        return f"331307{day % 28 + 1:02d}08{self._dice.choice(('98', '99', '07'))}{serial + 1:04d}"
