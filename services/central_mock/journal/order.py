"""Whether records took effect in the order in which they should have. Pure."""

from collections.abc import Sequence
from typing import NamedTuple


class Arrived(NamedTuple):
    """A record of one office: when it was due, in any unit, and when it took effect, in seconds."""

    key: str
    due: float
    arrived: float


def overtaken(records: Sequence[Arrived], *, tolerance: float = 0.0) -> list[str]:
    """Keys of records that one which was due later has overtaken, by more than the tolerance; earliest due first.

    Records that were due at the same time are in order however they come.
    """
    found = []
    first_of_later = first_of_same = float("inf")
    due = float("inf")
    for each in sorted(records, key=lambda record: record.due, reverse=True):
        if each.due != due:
            first_of_later, first_of_same, due = min(first_of_later, first_of_same), float("inf"), each.due
        if first_of_later + tolerance < each.arrived:
            found.append(each.key)
        first_of_same = min(first_of_same, each.arrived)
    return found[::-1]
