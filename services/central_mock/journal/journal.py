"""The last entries, in memory, where requests write them. What is older is in the database."""

import itertools
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from services.central_mock.journal.domain import (
    AnyEntry,
    ClosedBy,
    ConnectionEntry,
    Entry,
    Note,
    What,
    key_in,
    office_in,
    route_of,
)

KEPT = 20_000
KEYS_COUNTED = 50_000
"""Keys whose attempts are counted; the one that came least lately makes room."""

Follower = Callable[[AnyEntry], None]


class Journal:
    """Entries in the order in which they began; the oldest make room."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[AnyEntry] = deque(maxlen=kept)
        self._ids = itertools.count(1)
        self._seqs = itertools.count(1)
        self._attempts: OrderedDict[tuple[str, str, str], int] = OrderedDict()
        self.followers: set[Follower] = set()

    # -- connections

    def connected(self, *, at: datetime, peer: str) -> ConnectionEntry:
        """A client has connected. `id` of the answer is the connection's number."""
        entry = ConnectionEntry(next(self._ids), at, peer, began=time.perf_counter())
        self._entries.append(entry)
        return entry

    def disconnected(self, entry: ConnectionEntry, *, at: datetime, closed_by: ClosedBy) -> None:
        """The connection is gone; its bytes and rules have been written into the entry."""
        entry.closed_by = closed_by
        self._end(entry, at)

    # -- requests

    def begin(self, *, at: datetime, connection: int, scope: Any) -> Entry:
        """A request came, with its headers."""
        path, method = scope["path"], scope["method"]
        entry = Entry(next(self._ids), at, connection, method, route_of(path), began=time.perf_counter())
        for name, value in scope["headers"]:
            if name == b"idempotency-key":
                entry.key = value.decode("latin-1")[:200]
            elif name == b"x-office":
                entry.office = value.decode("latin-1")[:20]
        entry.key = entry.key or key_in(path)
        entry.office = entry.office or office_in(scope["query_string"])
        if entry.key is not None:
            entry.attempt = self._attempt(method, entry.route, entry.key)
        self._entries.append(entry)
        return entry

    def _attempt(self, method: str, route: str, key: str) -> int:
        subject = (method, route, key)
        attempt = self._attempts[subject] = self._attempts.pop(subject, 0) + 1
        if len(self._attempts) > KEYS_COUNTED:
            self._attempts.popitem(last=False)
        return attempt

    def finish(self, entry: Entry, *, at: datetime | None = None) -> None:
        """Nothing more will happen to this request."""
        self._end(entry, at)

    # -- what ops did

    def note(self, what: What, *, at: datetime, event: str, name: str, **detail: Any) -> None:
        """A rule or a scenario: `note(What.RULE, at=now, event="set", name="hang-1", kind="HANG")`."""
        entry = Note(next(self._ids), at, what, event, name, detail, next(self._seqs))
        self._entries.append(entry)
        self._tell(entry)

    # -- reading

    def _end(self, entry: Entry | ConnectionEntry, at: datetime | None) -> None:
        entry.ended_at = at
        entry.ms = round((time.perf_counter() - entry.began) * 1000, 3)
        entry.seq = next(self._seqs)
        entry.finished = True
        self._tell(entry)

    def _tell(self, entry: AnyEntry) -> None:
        if self.followers:
            for follower in list(self.followers):
                follower(entry)

    def clear(self) -> None:
        """Forget all; numbers go on, so that cursors stay good."""
        self._entries.clear()
        self._attempts.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def after(self, entry_id: int, matches: Callable[[Any], bool]) -> Iterator[Entry]:
        """Matching requests after a number, oldest first."""
        return (
            each
            for each in list(self._entries)
            if isinstance(each, Entry) and each.id > entry_id and matches(each)
        )
