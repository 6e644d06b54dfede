"""The front before the centre's app: sees each request begin and end, and does a fault's part in HTTP."""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.central_mock.faults.domain import Fault, Mode
from services.central_mock.faults.front import Front
from services.central_mock.faults.protocol import FaultedProtocol
from services.central_mock.journal.domain import Entry


class FaultedApp:
    """Pure ASGI around the centre's app. Requests that don't come over our protocol pass unseen."""

    def __init__(self, app: ASGIApp, front: Front) -> None:
        self._app = app
        self._front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Journal the request around the app or the fault."""
        connection = scope.get("state", {}).get("connection") if scope["type"] == "http" else None
        if connection is None:
            await self._app(scope, receive, send)
            return
        entry = self._front.journal.begin(
            at=self._front.clock.now(), connection=connection.number, scope=scope
        )
        scope["state"]["journal"] = entry
        before = connection.wire.bytes_out
        whole = False

        async def noted(message: Message) -> None:
            nonlocal whole
            await send(message)
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            else:
                whole = not message.get("more_body", False)

        try:
            if self._front.fault is None:
                await self._app(scope, receive, noted)
            else:
                entry.fault = self._front.fault.mode
                await _suffer(self._front.fault, connection, receive, noted)
        finally:
            self._finish(entry, connection, whole, before)

    def _finish(self, entry: Entry, connection: FaultedProtocol, whole: bool, before: int) -> None:
        wire = connection.wire
        entry.bytes_in, connection.bytes_in = connection.bytes_in, 0
        entry.bytes_out = wire.bytes_out - before
        entry.fault = entry.fault or wire.fault
        entry.acknowledged = whole and wire.fault is None and not connection.lost
        self._front.journal.finish(entry)


async def _suffer(fault: Fault, connection: FaultedProtocol, receive: Receive, send: Send) -> None:
    """What a request meets while the fault is on; the app never sees it."""
    if fault.mode is Mode.HTTP_503:
        await unavailable(fault, send)
        return
    if fault.mode is Mode.HANG:
        connection.wire.silence(fault.mode)
    else:
        connection.wire.reset(fault.mode)
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    """Read what the client sends and give it nothing, until it or the front ends the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unavailable(fault: Fault, send: Send) -> None:
    """What a load balancer says when nothing is behind it."""
    body = (
        b'{"type":"urn:ektp:problem:unavailable","title":"Unavailable","status":503,'
        b'"detail":"The centre is not available"}'
    )
    headers: list[tuple[bytes, bytes]] = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(fault.retry_after).encode()),
    ]
    start: dict[str, Any] = {"type": "http.response.start", "status": 503, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
