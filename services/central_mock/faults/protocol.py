"""uvicorn's HTTP protocol on a wire that can fail. While no rule is set it does what uvicorn does."""

import asyncio
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from services.central_mock.faults.inbound import SlowBody, slow_in
from services.central_mock.faults.keep_alive import KeepAliveProtocol
from services.central_mock.faults.pace import Pacer
from services.central_mock.faults.rules.ruling import Fired, Ruling
from services.central_mock.faults.rules.subject import subject_of
from services.central_mock.faults.specs.socket import KeepAliveCut
from services.central_mock.faults.wire import Wire
from services.central_mock.journal.domain import ClosedBy, ConnectionEntry, Entry

if TYPE_CHECKING:
    from services.central_mock.faults.front import Front


CONTINUE = 100
BANNER = b"x-central-mock-faults"
RETRIED = 300
"""From this status on an answer may say when to come again."""
RETRY_AFTER = b"\r\nretry-after: "
"""As uvicorn writes a header's name, whatever the app called it."""


class FaultedProtocol(KeepAliveProtocol):
    """One connection of the centre's API."""

    # As slots, for Python is quick with an object's dictionary up to thirty names, and uvicorn has most of them.
    __slots__ = (
        "_dead",
        "_front",
        "_idle",
        "_idle_timer",
        "_slow",
        "_slow_body",
        "bytes_in",
        "entry",
        "lost",
        "spoiled",
        "wire",
    )

    def __init__(
        self, front: "Front", config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        super().__init__(config=config, server_state=server_state, app_state=app_state)
        self._front = front
        self.wire: Wire
        self.entry: ConnectionEntry
        self.bytes_in = 0
        self.lost = False
        self.spoiled: Fired | None = None
        """What silenced or cut it."""
        self._slow_body: SlowBody | None = None
        """Of the request that is being read."""
        self._slow: SlowBody | None = None
        """The last one, whose parts may still wait when all is read."""
        self._idle: Ruling | None = None
        """A rule that makes the connection dead when it has been idle for a while."""
        self._idle_timer: asyncio.TimerHandle | None = None
        self._dead = False

    @property
    def number(self) -> int:
        """As the journal counts connections."""
        return self.entry.id

    @property
    def busy(self) -> bool:
        """Whether a request has begun and its answer is not whole."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        self.wire = Wire(transport)
        super().connection_made(self.wire)
        peer = "{}:{}".format(*self.client) if self.client else ""
        self.entry = self._front.journal.connected(at_us=self._front.clock.microseconds(), peer=peer)
        self._front.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        closed_by = self._closed_by()  # before uvicorn closes what is closed already
        self._front.left(self)
        self._stop_idle()
        if self._slow is not None:
            self._slow.drop()
        self.wire.lost()
        super().connection_lost(exc)
        self.entry.bytes_in += self.bytes_in
        self.entry.bytes_out = self.wire.bytes_out
        now = self._front.clock.microseconds()
        self._front.journal.disconnected(self.entry, at_us=now, closed_by=closed_by)

    def _closed_by(self) -> ClosedBy:
        if self.spoiled is not None or self.wire.dropped:
            return ClosedBy.FAULT
        return ClosedBy.CENTRE if self.wire.closed_here else ClosedBy.CLIENT

    # What comes in

    def data_received(self, data: bytes) -> None:
        self.bytes_in += len(data)
        if self._idle_timer is not None:
            self._stop_idle()
        super().data_received(data)
        if self._dead or self._front.resets is not None:
            # After the request's task has had its turn, which writes down whose request it was.
            self.loop.call_soon(self._reset)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.scope["state"]["connection"] = self
        if self._idle is not None and self._dead:
            self.scope["state"]["ruling"] = self._idle
        elif (index := self._front.index) is not None:
            self._draw(index.ruling(subject_of(self.scope)))

    def _draw(self, ruling: Ruling) -> None:
        self.scope["state"]["ruling"] = ruling
        if not ruling.drawn:
            return
        if any(isinstance(each.spec, KeepAliveCut) for each in ruling.drawn):
            self._idle = ruling
        if (slow := slow_in(ruling)) is not None:
            self._slow_body = self._slow = SlowBody(slow, cycle=self.cycle, wire=self.wire)

    def on_body(self, body: bytes) -> None:
        if self._slow_body is None:
            super().on_body(body)
        else:
            self._slow_body.put(body)

    def on_message_complete(self) -> None:
        if self._slow_body is None:
            super().on_message_complete()
        else:
            self._slow_body.complete()
            self._slow_body = None

    # What became of a request

    def over(self, entry: Entry, *, sent: int, answers: int, spoiled: bool) -> None:
        """Nothing more will happen to it: write down what did.

        `sent` and `answers` are the bytes and the whole answers of this connection before it.
        """
        wire, front = self.wire, self._front
        if wire.waiting is not None:  # an answer to HEAD has a length and no body
            wire.flush()
        if wire.head is not None:
            _note_head(entry, bytes(wire.head))
        entry.bytes_in, self.bytes_in = self.bytes_in, 0
        entry.bytes_out = wire.bytes_out - sent
        entry.acknowledged = self.answers > answers and not (spoiled or wire.silent or self.lost)
        if self.spoiled is not None:
            self._note_spoiled(entry, self.spoiled, whole=self.answers > answers and not spoiled)
        front.journal.finish(entry, front.clock.microseconds(), self.entry)
        if self._idle is not None:
            self._answered()

    def _note_spoiled(self, entry: Entry, fired: Fired, *, whole: bool) -> None:
        """On a connection that a fault has silenced or cut, which may have been after the answer."""
        if not entry.rules or fired.rule in entry.rules:
            entry.fired(fired.rule, fired.spec.kind)
        reached = fired.spec.leaves_whole or not (self.wire.silent or self.lost)
        entry.acknowledged = whole and reached

    def mark(self, banner: bytes | None) -> None:
        """Have an answer that has not begun say which rules are on, which came after its request.

        Requests that came after the rules say so themselves.
        """
        if self.busy and "ruling" not in self.cycle.scope["state"]:
            plain = [each for each in self.cycle.default_headers if each[0] != BANNER]
            self.cycle.default_headers = plain if banner is None else [*plain, (BANNER, banner)]

    # What faults do

    def silence(self, fired: Fired) -> None:
        """No answer goes out any more; the connection stays open until the rule ends."""
        self._spoil(fired)
        self.wire.silence(fired.number)

    def cut(self, fired: Fired) -> None:
        """Reset it."""
        if not self.wire.dropped:
            self._spoil(fired)
            self.wire.drop()

    def half_close(self, fired: Fired) -> None:
        """FIN, and read on until the rule ends."""
        self._spoil(fired)
        self.wire.half_close(fired.number)

    def finish(self, fired: Fired) -> None:
        """Close in the middle of an answer, as a process that ends does: what was sent arrives, then FIN."""
        self._spoil(fired)
        self.wire.close()

    def slow_out(self, fired: Fired, rate: float) -> None:
        """From now on what goes out goes at this rate, until the answer is over or the rule ends."""
        self.wire.pace(Pacer(rate, fired.number, self.wire.send), self._pause_app)

    def _pause_app(self, full: bool) -> None:
        if full:
            self.pause_writing()
        else:
            self.resume_writing()

    def _spoil(self, fired: Fired) -> None:
        self.spoiled = self.spoiled or fired
        self.entry.fired(fired.rule, fired.spec.kind)

    def _reset(self) -> None:
        """Bytes came that are no whole request, under a rule that resets whatever comes."""
        if self.wire.dropped or self.lost or self._front.index is None:
            return
        if self._dead and self._idle is not None:
            (fired,) = (each for each in self._idle.drawn if isinstance(each.spec, KeepAliveCut))
            self._idle.fired(fired)
            self.cut(fired)
        elif (live := self._front.resets) is not None:
            self.cut(self._front.index.fired_on(live, self.number))

    def let_go(self, gone: AbstractSet[int]) -> None:
        """Rules have ended: cut what they spoiled, whose client waits in vain; let what they slowed go on."""
        if self.wire.held_by in gone:
            self.wire.drop()
        if self.wire.pacer is not None and self.wire.pacer.rule in gone:
            self.wire.pacer.release()
            self.wire.unpace()
        if self._slow is not None and self._slow.pacer.rule in gone:
            self._slow.pacer.release()
        if self._idle is not None and any(each.number in gone for each in self._idle.drawn):
            self._forget_idle()

    # Idle connections

    def idle_under(self, ruling: Ruling) -> None:
        """From now on this connection is dead when it has been idle for as long as the rule says."""
        self._idle = ruling
        if not self.busy:
            self._start_idle()

    def _answered(self) -> None:
        """A request is over, whatever became of it."""
        if not (self.busy or self.lost):
            self._start_idle()

    def _start_idle(self) -> None:
        assert self._idle is not None
        spec = next(each.spec for each in self._idle.drawn if isinstance(each.spec, KeepAliveCut))
        self._stop_idle()
        self._idle_timer = self.loop.call_later(spec.idle_seconds, self._die)

    def _die(self) -> None:
        self._idle_timer = None
        if not self.busy:
            self._dead = True

    def _stop_idle(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _forget_idle(self) -> None:
        self._stop_idle()
        self._idle = None
        if self._dead:
            self.wire.drop()

    def timeout_keep_alive_handler(self) -> None:
        """A server that hangs does not tidy up idle connections, nor does one behind a firewall that forgot them."""
        if not self.wire.silent and not self._front.hangs and self._idle is None:
            super().timeout_keep_alive_handler()


def _note_head(entry: Entry, head: bytes) -> None:
    status = int(head[9:12])
    if status == CONTINUE:
        return
    entry.status = status
    if status >= RETRIED and RETRY_AFTER in head:
        said = head.partition(RETRY_AFTER)[2].partition(b"\r\n")[0]
        entry.retry_after = said.decode("latin-1")
