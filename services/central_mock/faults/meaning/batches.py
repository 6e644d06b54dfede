"""A carried file of which only a part is taken over."""

from typing import Any

from services.central_mock.faults.meaning.drawn import drawn
from services.central_mock.faults.rules.ruling import Ruling
from services.central_mock.faults.specs.meaning import BatchHalfDone
from shared.problems import Problem


class BatchBroken(Problem):
    """The file was taken over in part only; import it again."""

    status, type, title = 500, "batch-broken", "Import broken off"


def half_of(records: list[Any], ruling: Ruling) -> list[Any]:
    """The records that are taken over: all, unless a rule breaks the import off."""
    half_done = drawn(ruling, BatchHalfDone)
    return records if half_done is None else records[: int(len(records) * half_done.spec.share)]


def check_whole(records: list[Any], ruling: Ruling) -> None:
    """Raise BatchBroken when a rule broke the import off; an empty file has no part to leave out."""
    if records and ruling.takes(BatchHalfDone):
        raise BatchBroken
