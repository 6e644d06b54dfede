"""The front before the centre's app: sees each request begin and end, and does the faults' parts around it."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.central_mock.faults.answers import STILL_WHOLE, Answer, spoil
from services.central_mock.faults.delays import delay
from services.central_mock.faults.front import Front
from services.central_mock.faults.instead import meet_instead
from services.central_mock.faults.protocol import FaultedProtocol
from services.central_mock.faults.rules.ruling import Fired, Ruling
from services.central_mock.faults.rules.subject import subject_of
from services.central_mock.faults.specs.kinds import Stage
from services.central_mock.faults.specs.socket import Bandwidth, Drip
from services.central_mock.journal.domain import Entry

BANNER = b"x-central-mock-faults"
RETRIED = 300
"""From this status on an answer may say when to come again."""


class FaultedApp:
    """Pure ASGI around the centre's app. Requests that don't come over our protocol pass unseen."""

    def __init__(self, app: ASGIApp, front: Front) -> None:
        self._app = app
        self._front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Journal the request around the app or its faults."""
        state = scope.get("state") or {}
        connection: FaultedProtocol | None = state.get("connection")
        if connection is None:
            await self._app(scope, receive, send)
            return
        request = Request(self._app, self._front, connection, scope, send)
        ruling: Ruling | None = state.get("ruling")
        try:
            if ruling is None or not ruling.drawn:
                await self._app(scope, receive, request.noted)
            else:
                await request.live(ruling, receive)
        finally:
            request.finish()


class Request:
    """One request from its head to the end of its answer."""

    __slots__ = (
        "_app",
        "_before",
        "_connection",
        "_entry",
        "_front",
        "_scope",
        "_send",
        "_spoiled",
        "_whole",
    )

    def __init__(
        self, app: ASGIApp, front: Front, connection: FaultedProtocol, scope: Scope, send: Send
    ) -> None:
        self._app = app
        self._front = front
        self._connection = connection
        self._scope = scope
        self._send = send
        self._before = connection.wire.bytes_out
        self._whole = False
        self._spoiled = False
        self._entry: Entry = front.journal.begin(front.clock.microseconds(), connection.entry.id, scope)
        scope["state"]["journal"] = self._entry

    async def live(self, ruling: Ruling, receive: Receive) -> None:
        """Through what was drawn for it, and through the app where that lets it."""
        ruling.on_fired = lambda each: self._entry.fired(each.rule, each.spec.kind)
        await self._suffer(ruling, receive)
        ruling.settle()

    async def _suffer(self, ruling: Ruling, receive: Receive) -> None:
        receive = await delay(self._front, ruling, receive)
        self._slow_down(ruling)
        now = self._front.clock.now()
        met = await meet_instead(
            ruling,
            self._connection,
            subject=subject_of(self._scope),
            now=now,
            receive=receive,
            send=self._unmarked,
        )
        if not met:
            await self._answer(ruling, receive)
        if self._connection.wire.pacer is not None:
            await self._connection.wire.pacer.drained()
            self._connection.wire.unpace()

    async def _answer(self, ruling: Ruling, receive: Receive) -> None:
        spoiling = next(iter(ruling.at(Stage.ANSWER)), None)
        if spoiling is None:
            await self._app(self._scope, receive, self.noted)
            return
        answer = Answer()
        await self._app(self._scope, receive, answer.keep)
        if answer.complete and not self._connection.lost:
            self._spoiled = not isinstance(spoiling.spec, STILL_WHOLE)
            ruling.fired(spoiling)
            await spoil(spoiling, answer, self._connection, self._unmarked)

    def _slow_down(self, ruling: Ruling) -> None:
        """Arm the pace of the answer; that of the request has begun already."""
        for each in ruling.at(Stage.PACE):
            ruling.fired(each)
            if "PACE_OUT" in each.slots:
                self._connection.slow_out(each, _rate_out(each))

    def noted(self, message: Message) -> Awaitable[None]:
        """The app's `send`. On the path of every request: what it does it does at once."""
        if message["type"] == "http.response.start":
            self._note_start(message)
            if self._front.banner is not None:
                message["headers"] = [*message.get("headers", []), (BANNER, self._front.banner)]
        else:
            self._whole = not message.get("more_body", False)
        return self._send(message)

    def _unmarked(self, message: Message) -> Awaitable[None]:
        """The same for an answer that is not the centre's own, or not as it gave it."""
        if message["type"] == "http.response.start":
            self._note_start(message)
        else:
            self._whole = not message.get("more_body", False)
        return self._send(message)

    def _note_start(self, message: Message) -> None:
        status = self._entry.status = message["status"]
        if status >= RETRIED:
            for name, value in message.get("headers", []):
                if name == b"retry-after":
                    self._entry.retry_after = value.decode("latin-1")

    def finish(self) -> None:
        """Nothing more will happen to it: write down what did."""
        entry, connection, wire = self._entry, self._connection, self._connection.wire
        entry.bytes_in, connection.bytes_in = connection.bytes_in, 0
        entry.bytes_out = wire.bytes_out - self._before
        if connection.spoiled is None:
            entry.acknowledged = self._whole and not (self._spoiled or wire.silent or connection.lost)
        else:
            entry.acknowledged = self._acknowledged_though(connection.spoiled)
        self._front.journal.finish(entry, self._front.clock.microseconds(), connection.entry)
        connection.answered()

    def _acknowledged_though(self, spoiled: Fired) -> bool:
        """On a connection that a fault has silenced or cut, which may have been after the answer."""
        if not self._entry.rules or spoiled.rule in self._entry.rules:
            self._entry.fired(spoiled.rule, spoiled.spec.kind)
        wire = self._connection.wire
        reached = isinstance(spoiled.spec, STILL_WHOLE) or not (wire.silent or self._connection.lost)
        return self._whole and reached and not self._spoiled


def _rate_out(fired: Fired) -> float:
    if isinstance(fired.spec, Drip):
        return fired.spec.bytes_per_second
    assert isinstance(fired.spec, Bandwidth)
    assert fired.spec.bytes_out_per_second is not None
    return fired.spec.bytes_out_per_second
