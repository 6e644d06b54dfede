"""The front before the centre's app: sees each request begin and end, and does the faults' parts around it."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.central_mock.faults.answers import Answer, spoil
from services.central_mock.faults.delays import delay
from services.central_mock.faults.front import Front
from services.central_mock.faults.instead import meet_instead
from services.central_mock.faults.protocol import BANNER, FaultedProtocol
from services.central_mock.faults.rules.ruling import Fired, Ruling
from services.central_mock.faults.rules.subject import subject_of
from services.central_mock.faults.specs.kinds import Stage
from services.central_mock.faults.specs.socket import Bandwidth, Drip
from services.central_mock.journal.domain import Entry


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
        front, wire = self._front, connection.wire
        wire.head, sent, answers = None, wire.bytes_out, connection.answers
        entry = front.journal.begin(front.clock.microseconds(), connection.entry.id, scope)
        state["journal"] = entry
        ruling: Ruling | None = state.get("ruling")
        spoiled = False
        try:
            if ruling is None:
                await self._app(scope, receive, send)
            else:
                request = Request(self._app, front, connection, scope=scope, send=send, entry=entry)
                try:
                    await request.live(ruling, receive)
                finally:
                    spoiled = request.spoiled
        finally:
            connection.over(entry, sent=sent, answers=answers, spoiled=spoiled)


class Request:
    """One request under rules, from its head to the end of its answer."""

    def __init__(
        self,
        app: ASGIApp,
        front: Front,
        connection: FaultedProtocol,
        *,
        scope: Scope,
        send: Send,
        entry: Entry,
    ) -> None:
        self._app = app
        self._front = front
        self._connection = connection
        self._scope = scope
        self._send = send
        self._entry = entry
        self.spoiled = False
        """Whether its client was given another answer than the centre's."""

    async def live(self, ruling: Ruling, receive: Receive) -> None:
        """Through what was drawn for it, and through the app where that lets it."""
        if not ruling.drawn:
            await self._app(self._scope, receive, self._marked)
            return
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
            send=self._send,
        )
        if not met:
            await self._answer(ruling, receive)
        if self._connection.wire.pacer is not None:
            await self._connection.wire.pacer.drained()
            self._connection.wire.unpace()

    async def _answer(self, ruling: Ruling, receive: Receive) -> None:
        spoiling = next(iter(ruling.at(Stage.ANSWER)), None)
        if spoiling is None:
            await self._app(self._scope, receive, self._marked)
            return
        answer = Answer()
        await self._app(self._scope, receive, answer.keep)
        if answer.complete and not self._connection.lost:
            self.spoiled = not spoiling.spec.leaves_whole
            ruling.fired(spoiling)
            await spoil(spoiling, answer, self._connection, self._send)

    def _slow_down(self, ruling: Ruling) -> None:
        """Arm the pace of the answer; that of the request has begun already."""
        for each in ruling.at(Stage.PACE):
            ruling.fired(each)
            if "PACE_OUT" in each.slots:
                self._connection.slow_out(each, _rate_out(each))

    def _marked(self, message: Message) -> Awaitable[None]:
        """The app's `send`: its own answers say which rules are on."""
        if message["type"] == "http.response.start" and self._front.banner is not None:
            message["headers"] = [*message.get("headers", []), (BANNER, self._front.banner)]
        return self._send(message)


def _rate_out(fired: Fired) -> float:
    if isinstance(fired.spec, Drip):
        return fired.spec.bytes_per_second
    assert isinstance(fired.spec, Bandwidth)
    assert fired.spec.bytes_out_per_second is not None
    return fired.spec.bytes_out_per_second
