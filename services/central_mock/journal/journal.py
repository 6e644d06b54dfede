"""Where requests write what happens to them: in memory, until it is on disk.

`JournalKeeper` takes from here what goes to disk; `reading` puts both together again. Nothing is kept longer: every
object that outlives its request has the next one made in memory that no cache knows, and twenty thousand of them cost
a request more than writing them down.
"""

import itertools
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from services.central_mock.journal.domain import (
    AnyEntry,
    ClosedBy,
    ConnectionEntry,
    Entry,
    Note,
    Running,
    What,
    head_of,
)
from shared.clock import microseconds

UNWRITTEN_KEPT = 50_000
"""Ended entries that wait for the disk: a database that is away for long costs entries, never the memory."""
HEARD_KEPT = 2_000
"""Ends that followers are told from memory, while there are any."""
SETTLED_AT_ONCE = 64
"""Requests whose heads are read together: one after the other it costs a third of what it does between requests."""
KEYS_COUNTED = 50_000
"""Keys whose attempts are counted; the one that came least lately makes room."""
KEY_HEADER, OFFICE_HEADER = b"idempotency-key", b"x-office"


class Journal:
    """What runs and what the disk has not got yet.

    A request leaves two notes and goes on: what it was at its begin, and that it has ended. `settle` makes of many
    such notes what can be read, and whatever reads the journal has it do so first.
    """

    def __init__(self) -> None:
        self._open: dict[int, Running] = {}
        self._unwritten: deque[AnyEntry] = deque()
        self.being_written: list[AnyEntry] = []
        self.lost = 0
        """Ended entries that the disk never got."""
        self._heard: deque[AnyEntry] = deque(maxlen=HEARD_KEPT)
        """The last of the numbers of ends, without a gap; a connection that followers saw begin is there twice."""
        self._attempts: OrderedDict[tuple[str, str, str], int] = OrderedDict()
        self.observers: list[Callable[[list[AnyEntry]], None]] = []
        """Told of ends, several at once, before anybody reads of them."""
        self.followers: set[Any] = set()
        """Their `wake` is called at each end."""
        self._begun: list[tuple[Entry, str, bytes, bytes | None, bytes | None]] = []
        """Requests whose heads nobody has read yet: path, query, the headers with key and office. Whole scopes, or all
        headers, would be kept from being freed, and the next ones made in memory that no cache knows: that costs more
        than it saves."""
        self._ended: list[tuple[Running, ConnectionEntry | None]] = []
        """What has ended since, and the connection of a request."""
        self.first_id = 1
        """What is older was forgotten, on disk too."""
        self.number_from(1)

    def number_from(self, number: int) -> None:
        """Go on from here, past every number of the process before this."""
        self._ids = itertools.count(number)
        self._seqs = itertools.count(number)
        self._last_id = self._last_seq = number - 1

    # -- connections

    def connected(self, *, at_us: int, peer: str) -> ConnectionEntry:
        """A client has connected. `id` of the answer is the connection's number."""
        self.settle()
        entry = ConnectionEntry(self._next_id(), at_us, peer, began=time.perf_counter())
        self._open[entry.id] = entry
        if self.followers:
            self._next_seq()
            self._heard.append(entry)
            self._wake()
        return entry

    def disconnected(self, entry: ConnectionEntry, *, at_us: int, closed_by: ClosedBy) -> None:
        """The connection is gone; its bytes and rules have been written into the entry."""
        entry.closed_by = closed_by
        self.finish(entry, at_us)

    # -- requests

    def begin(self, at_us: int, connection: int, scope: Mapping[str, Any]) -> Entry:
        """A request came. Its head is read later: until then it has no route, key, office or attempt."""
        entry = Entry(next(self._ids), at_us, connection, scope["method"], began=time.perf_counter())
        headers = dict(scope["headers"])
        self._begun.append(
            (entry, scope["path"], scope["query_string"], headers.get(KEY_HEADER), headers.get(OFFICE_HEADER))
        )
        if len(self._begun) >= SETTLED_AT_ONCE:
            self.settle()
        return entry

    def finish(self, entry: Running, at_us: int, connection: ConnectionEntry | None = None) -> None:
        """Nothing more will happen to this request, which came over the connection."""
        entry.ended_us = at_us
        entry.ms = (time.perf_counter() - entry.began) * 1000
        entry.finished = True
        self._ended.append((entry, connection))
        if self.followers:
            self._wake()

    # -- what ops did

    def note(self, what: What, *, at: datetime, event: str, name: str, **detail: Any) -> None:
        """A rule or a scenario: `note(What.RULE, at=now, event="set", name="hang-1", kind="HANG")`."""
        self.settle()
        entry = Note(self._next_id(), microseconds(at), what, event, name, detail, self._next_seq())
        self._keep([entry])
        if self.followers:
            self._wake()

    # -- what can be read

    def settle(self) -> None:
        """Make entries of what was noted: read heads, number ends, tell observers."""
        if self._begun:
            begun, self._begun = self._begun, []
            self._read_heads(begun)
        if self._ended:
            ended, self._ended = self._ended, []
            self._number_ends(ended)

    def _read_heads(self, begun: list[tuple[Entry, str, bytes, bytes | None, bytes | None]]) -> None:
        for entry, path, query, of_key, of_office in begun:
            entry.route, key, office = head_of(path, query, of_key, of_office)
            if key is not None:
                entry.attempt = self._attempt(entry.method, entry.route, key)
            entry.key = entry.key or key  # whoever took the record in has said so already
            entry.office = entry.office or office
            if not entry.finished:
                self._open[entry.id] = entry
        self._last_id = begun[-1][0].id

    def _number_ends(self, ended: list[tuple[Running, ConnectionEntry | None]]) -> None:
        entries: list[AnyEntry] = [entry for entry, _ in ended]
        for entry, connection in ended:
            entry.seq = next(self._seqs)
            self._open.pop(entry.id, None)
            if connection is not None and isinstance(entry, Entry):
                connection.took(entry)
        self._last_seq = entries[-1].seq or 0
        self._keep(entries)
        for observe in self.observers:
            observe(entries)

    def _keep(self, ended: Sequence[AnyEntry]) -> None:
        """For the disk, and for those who follow; in the order of their ends."""
        if self.followers:
            self._heard.extend(ended)
        else:
            self._heard.clear()
        self._unwritten.extend(each for each in ended if each.id >= self.first_id)
        while len(self._unwritten) > UNWRITTEN_KEPT:
            self._unwritten.popleft()
            self.lost += 1

    def _attempt(self, method: str, route: str, key: str) -> int:
        subject = (method, route, key)
        attempt = self._attempts[subject] = self._attempts.pop(subject, 0) + 1
        if len(self._attempts) > KEYS_COUNTED:
            self._attempts.popitem(last=False)
        return attempt

    def _wake(self) -> None:
        for follower in self.followers:
            follower.wake()

    def _next_id(self) -> int:
        self._last_id = next(self._ids)
        return self._last_id

    def _next_seq(self) -> int:
        self._last_seq = next(self._seqs)
        return self._last_seq

    # -- reading

    @property
    def open(self) -> dict[int, Running]:
        """What has begun and not ended."""
        self.settle()
        return self._open

    @property
    def unwritten(self) -> deque[AnyEntry]:
        """What has ended and is not on disk."""
        self.settle()
        return self._unwritten

    @property
    def last_id(self) -> int:
        """The number of the entry that began last."""
        self.settle()
        return self._last_id

    @property
    def last_seq(self) -> int:
        """The number of the last end."""
        self.settle()
        return self._last_seq

    @property
    def last_number(self) -> int:
        """No number above it has been given."""
        return max(self.last_id, self.last_seq)

    def clear(self) -> None:
        """Forget all; numbers go on, so that cursors stay good. The keeper forgets what is on disk."""
        self.first_id = self.last_id + 1
        self._heard.clear()
        self._attempts.clear()
        self._unwritten.clear()

    def held(self) -> dict[int, AnyEntry]:
        """All that is in memory, by number: newer than what the disk has of the same number."""
        self.settle()
        held = [*self._open.values(), *self.being_written, *self._unwritten]
        return {each.id: each for each in held if each.id >= self.first_id}

    @property
    def heard_from(self) -> int:
        """The first end that memory has."""
        return self.last_seq + 1 - len(self._heard)

    def heard_after(self, seq: int, limit: int) -> list[tuple[int, AnyEntry]] | None:
        """Ends after a number; None when memory does not go back so far."""
        if seq >= self.last_seq:
            return []
        if self.heard_from > seq + 1:
            return None
        first = max(seq + 1, self.heard_from)
        skipped = first - self.heard_from
        return list(enumerate(islice(self._heard, skipped, skipped + limit), first))
