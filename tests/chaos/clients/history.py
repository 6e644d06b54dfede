"""What clients asked for and were told, as it happened: the only thing the checker believes.

One JSON object a line, as Jepsen writes it: `invoke` before anything is sent, then `ok` (answered), `fail` (refused,
and nothing of it can still be on its way) or `info` (nobody knows). Each line is in the file before the client goes on.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.chaos.lines import read_lines


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One intent of a client, from the moment it was meant to what the client was told at last."""

    number: int
    who: str
    what: str
    about: dict[str, Any] = field(default_factory=dict)
    """What was asked: office, ticket, record, service, counter, as far as it has any."""
    invoked_at: float
    ended_at: float = float("inf")
    outcome: str = "info"
    status: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    tries: int = 0
    unanswered: int = 0
    """How many of the tries got no answer: they may have been done, or be on their way still."""
    replayed: bool = False

    @property
    def ok(self) -> bool:
        """The client was told that it is done."""
        return self.outcome == "ok"

    @property
    def unknown(self) -> bool:
        """The client can't know whether it was, or will be, done."""
        return self.outcome == "info"


class History:
    """Appends for all clients of a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._began = time.monotonic()
        self._file = path.open("a", buffering=1)
        self._count = 0

    def invoke(self, who: str, what: str, about: dict[str, Any]) -> int:
        """Before the first byte is sent; the number by which the end is told."""
        self._count += 1
        self._write({"op": self._count, "type": "invoke", "who": who, "what": what, "about": about})
        return self._count

    def end(self, number: int, outcome: str, **more: Any) -> None:
        """What the client knows at last."""
        self._write({"op": number, "type": outcome, **more})

    def close(self) -> None:
        self._file.close()

    def _write(self, entry: dict[str, Any]) -> None:
        entry = {"at": round(time.monotonic() - self._began, 4)} | entry
        self._file.write(json.dumps(entry, separators=(",", ":"), default=str) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_history(path: Path) -> list[Operation]:
    """Every intent, in the order in which they were meant; one that has no end is unknown."""
    return operations(read_lines(path))


def operations(entries: Iterable[dict[str, Any]]) -> list[Operation]:
    """Beginnings and ends put together."""
    begun: dict[int, dict[str, Any]] = {}
    found: list[Operation] = []
    for entry in entries:
        if entry["type"] == "invoke":
            begun[entry["op"]] = entry
        else:
            found.append(_operation(entry["op"], begun.pop(entry["op"]), entry))
    found += [_operation(number, entry, {}) for number, entry in begun.items()]
    return sorted(found, key=lambda each: each.number)


def _operation(number: int, begun: dict[str, Any], end: dict[str, Any]) -> Operation:
    return Operation(
        number=number,
        who=begun["who"],
        what=begun["what"],
        about=begun["about"],
        invoked_at=begun["at"],
        ended_at=end.get("at", float("inf")),
        outcome=end.get("type", "info"),
        status=end.get("status", 0),
        answer=end.get("answer") or {},
        tries=end.get("tries", 0),
        unanswered=end.get("unanswered", 0),
        replayed=end.get("replayed", False),
    )
