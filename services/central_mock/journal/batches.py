"""Many entries as one blob: what is written, what can be told of it without opening it, and how it is opened. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Generic, TypeVar

import cbor2

from services.central_mock.journal.domain import AnyEntry
from services.central_mock.journal.rows import COLUMNS, Row, entry_of
from services.central_mock.journal.wanted import Wanted

T = TypeVar("T")
Judge = Callable[[Sequence[Any]], T | None]
"""Makes of a row what is asked for, or None."""

ID, SEQ, WHAT, AT, METHOD, KEY, OUTCOME, ACKNOWLEDGED, FINISHED, FAULT, RULES = (
    COLUMNS.index(name)
    for name in (
        "id", "seq", "what", "at_us", "method", "key", "outcome", "acknowledged", "finished", "fault",
        "rules",
    )
)  # fmt: skip


def packed(rows: Sequence[Row]) -> dict[str, Any]:
    """The columns of a batch."""
    ids = [row[ID] for row in rows]
    times = [row[AT] for row in rows]
    ends = [row[SEQ] for row in rows if row[SEQ] is not None]
    return {
        "first_id": min(ids),
        "last_id": max(ids),
        "first_seq": min(ends, default=None),
        "last_seq": max(ends, default=None),
        "first_at_us": min(times),
        "last_at_us": max(times),
        "entries": len(rows),
        "body": cbor2.dumps(
            {"rows": len(rows), "columns": [_column(each) for each in zip(*rows, strict=True)]}
        ),
    }


def _column(values: tuple[Any, ...]) -> Any:
    """All values of a column, or the one that all rows share: most are the same from request to request."""
    return values[0] if values.count(values[0]) == len(values) else values


def rows_in(body: bytes) -> list[list[Any]]:
    """The rows of a batch."""
    stored = cbor2.loads(body)
    if isinstance(stored, list):  # as they were written before columns were
        return stored
    columns = [each if isinstance(each, list) else repeat(each, stored["rows"]) for each in stored["columns"]]
    return [list(row) for row in zip(*columns, strict=True)]


def needles(wanted: Wanted) -> list[bytes]:
    """Text that lies in the body of every batch with a matching entry: CBOR has text as it is.

    Only what an entry never loses again, so that a batch which has its last state is not passed over.
    """
    named = dict(wanted.plain)
    texts = [named.get("key"), named.get("route"), named.get("fault"), wanted.rule and f"|{wanted.rule}|"]
    texts.append(wanted.office and wanted.office.removesuffix("*"))
    return [str(each).encode("utf-8", "surrogatepass") for each in texts if each]


def judge_of(wanted: Wanted) -> Judge[AnyEntry]:
    """`Wanted.matches` for rows; most are refused before an entry is made of them."""
    kinds = {each.value for each in wanted.what}
    equal = [(COLUMNS.index(name), value) for name, value in wanted.plain]

    def judge(row: Sequence[Any]) -> AnyEntry | None:
        if kinds and row[WHAT] not in kinds:
            return None
        for column, value in equal:
            if row[column] != value:
                return None
        if wanted.fired is not None and bool(row[RULES]) is not wanted.fired:
            return None
        entry = entry_of(row)
        return entry if wanted.matches(entry) else None

    return judge


def troubled_key(row: Sequence[Any]) -> str | None:
    """The key of a delivery that a fault touched or whose answer did not go out whole."""
    if row[METHOD] != "POST" or not row[FINISHED]:
        return None
    if row[FAULT] is None and row[ACKNOWLEDGED] and row[OUTCOME] != "NOT_WHOLE":
        return None
    key: str | None = row[KEY]
    return key


@dataclass
class Latest(Generic[T]):
    """Collects what was asked for out of batches in any order, each entry once, in its last state.

    An entry that ran when a batch was written is there, and again in the batch that was written after its end.
    """

    judge: Judge[T]

    def __post_init__(self) -> None:
        self._found: dict[int, tuple[bool, T]] = {}
        self._ended: set[int] = set()

    def take(self, rows: Sequence[Sequence[Any]], *, after: int, before: int) -> None:
        """The rows of one batch, of those entries that lie between two numbers. Twice is as good as once."""
        for row in rows:
            number, finished = row[ID], row[FINISHED]
            if not after < number < before:
                continue
            if finished:
                self._ended.add(number)
            found = self.judge(row)
            if found is not None and (finished or number not in self._found):
                self._found[number] = (finished, found)

    def settled(self, is_settled: Callable[[int], bool], *, newest_first: bool = False) -> list[T]:
        """Take out what no batch to come can change, in order."""
        numbers = sorted(filter(is_settled, self._found), reverse=newest_first)
        taken = [(number, *self._found.pop(number)) for number in numbers]
        last = [found for number, finished, found in taken if finished or number not in self._ended]
        self._ended = {number for number in self._ended if not is_settled(number)}
        return last
