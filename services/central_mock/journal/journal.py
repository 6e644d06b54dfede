"""The last requests, in memory. The records themselves are in the database; this is for seeing what happened."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from services.central_mock.journal.domain import Entry, route_of

KEPT = 20_000

Follower = Callable[[Entry], None]


class Journal:
    """Entries in the order in which the requests began; the oldest make room."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._numbers = itertools.count(1)
        self.followers: set[Follower] = set()

    def begin(self, *, at: datetime, connection: int, scope: Any) -> Entry:
        """A request came, with its headers."""
        entry = Entry(next(self._numbers), at, connection, scope["method"], route_of(scope["path"]))
        for name, value in scope["headers"]:
            if name == b"idempotency-key":
                entry.key = value.decode("latin-1")[:200]
            elif name == b"x-office":
                entry.office = value.decode("latin-1")[:20]
        self._entries.append(entry)
        return entry

    def finish(self, entry: Entry) -> None:
        """Nothing more will happen to this request."""
        entry.finished = True
        if self.followers:
            for follower in list(self.followers):
                follower(entry)

    def clear(self) -> None:
        """Forget all; numbers go on, so that cursors stay good."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def after(self, entry_id: int, matches: Callable[[Entry], bool]) -> Iterator[Entry]:
        """Matching entries after a number, oldest first."""
        return (each for each in list(self._entries) if each.id > entry_id and matches(each))
