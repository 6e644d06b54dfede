"""What the people of one office share: who is outside, who was set aside, who has been recorded already."""

import random
from dataclasses import dataclass, field
from typing import Any

ENROLMENT = "ENROLMENT"
OFFICES: dict[str, dict[str, tuple[str, ...]]] = {
    "33.13.07": {"1": (ENROLMENT,), "2": ("CARD_PICKUP",)},
    "33.13": {"1": (ENROLMENT,), "2": (ENROLMENT,), "3": ("CARD_PICKUP", "SUKET")},
    "33.20": {"1": (ENROLMENT,), "2": (ENROLMENT,), "3": (ENROLMENT,)},
    "33.20.08": {"1": (ENROLMENT,)},
}
"""The counters that are staffed, and what each calls for; as in the sample offices."""
ANOTHER = {"33.13.07": "33.20.08", "33.13": "33.20", "33.20": "33.13", "33.20.08": "33.13.07"}
"""Whose token must not open anything here."""


@dataclass
class Office:
    """One office as its people know it."""

    code: str
    counters: dict[str, tuple[str, ...]]
    waiting: int = 0
    """Numbers that were given and not called yet, as far as anybody has counted."""
    parked: list[dict[str, Any]] = field(default_factory=list)
    gone: list[dict[str, Any]] = field(default_factory=list)
    """Who did not come when called and may come back."""
    recorded: set[str] = field(default_factory=set)
    """Tickets whose citizen has a receipt."""


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
