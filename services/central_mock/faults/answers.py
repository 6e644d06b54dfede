"""Answers that are spoiled on their way out: the centre did its work, and its client does not learn of it as it should.

Lies that HTTP libraries refuse to tell, about lengths above all, are told on the wire, where every byte passes.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.types import Message, Send

from services.central_mock.faults.protocol import FaultedProtocol
from services.central_mock.faults.rules.ruling import Fired
from services.central_mock.faults.specs.http import (
    EmptyBody,
    MalformedJson,
    Oversize,
    Truncated,
    WrongContentLength,
)
from services.central_mock.faults.specs.kinds import Spec
from services.central_mock.faults.specs.socket import HalfClose, ResetAfterAnswer, ResetMidAnswer

LENGTH = re.compile(rb"(?i)(\r\ncontent-length: *)(\d+)")
LENGTH_LINE = re.compile(rb"(?i)\r\ncontent-length: *\d+")
PORTION = 256 * 1024


@dataclass
class Answer:
    """What the centre said, kept until it is known how it is spoiled."""

    start: Message | None = None
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False

    async def keep(self, message: Message) -> None:
        """As the app's `send`."""
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            self.complete = not message.get("more_body", False)

    async def send(self, send: Send, *, body: bytes, length: int | None = None, whole: bool = True) -> None:
        """Say it with another body, of `length` bytes in the end."""
        assert self.start is not None
        said = str(len(body) if length is None else length).encode()
        headers = [each for each in self.start.get("headers", []) if each[0].lower() != b"content-length"]
        await send({**self.start, "headers": [*headers, (b"content-length", said)]})
        await send({"type": "http.response.body", "body": body, "more_body": not whole})


class Head:
    """Lets a whole answer pass with its head changed."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        self._change = change
        self._seen = False

    def __call__(self, data: bytes) -> bytes:
        """The head is the first thing that is written."""
        if self._seen:
            return data
        self._seen = True
        return self._change(data)


class Only:
    """Lets the first bytes of an answer pass, and nothing after them."""

    def __init__(self, most: int) -> None:
        self._left = most

    def __call__(self, data: bytes) -> bytes:
        """What of it still may go."""
        part = data[: self._left]
        self._left -= len(part)
        return part


class HeadAndOnly:
    """Lets the head pass, changed, and the first bytes of the body."""

    def __init__(self, change: Callable[[bytes], bytes], most: int) -> None:
        self._head = Head(change)
        self._only = Only(most)
        self._in_body = False

    def __call__(self, data: bytes) -> bytes:
        """The head is the first thing that is written."""
        if self._in_body:
            return self._only(data)
        self._in_body = True
        return self._head(data)


async def spoil(fired: Fired, answer: Answer, connection: FaultedProtocol, send: Send) -> None:
    """Send the answer as the fault has it."""
    try:
        await _SPOILERS[type(fired.spec)](fired, answer, connection, send)
    finally:
        connection.wire.filter = None


async def _empty(_fired: Fired, answer: Answer, _connection: FaultedProtocol, send: Send) -> None:
    await answer.send(send, body=b"")


async def _malformed(_fired: Fired, answer: Answer, _connection: FaultedProtocol, send: Send) -> None:
    await answer.send(send, body=bytes(answer.body[:-1]) + b"," if answer.body else b"{")


async def _oversize(fired: Fired, answer: Answer, _connection: FaultedProtocol, send: Send) -> None:
    assert isinstance(fired.spec, Oversize)
    left = fired.spec.body_bytes
    await answer.send(send, body=bytes(answer.body), length=len(answer.body) + left, whole=False)
    spaces = b" " * PORTION
    while left > 0:
        part = spaces[:left]
        left -= len(part)
        await send({"type": "http.response.body", "body": part, "more_body": left > 0})


async def _truncated(fired: Fired, answer: Answer, connection: FaultedProtocol, send: Send) -> None:
    spec = fired.spec
    assert isinstance(spec, Truncated)
    most = int(len(answer.body) * spec.share)

    def change(head: bytes) -> bytes:
        return head if spec.content_length else LENGTH_LINE.sub(b"\r\nconnection: close", head, count=1)

    connection.wire.filter = HeadAndOnly(change, most)
    await answer.send(send, body=bytes(answer.body))
    connection.finish(fired)


async def _wrong_length(fired: Fired, answer: Answer, connection: FaultedProtocol, send: Send) -> None:
    spec = fired.spec
    assert isinstance(spec, WrongContentLength)

    def lie(found: re.Match[bytes]) -> bytes:
        return found[1] + str(max(int(found[2]) + spec.off_by, 0)).encode()

    connection.wire.filter = Head(lambda head: LENGTH.sub(lie, head, count=1))
    await answer.send(send, body=bytes(answer.body))


async def _reset_mid(fired: Fired, answer: Answer, connection: FaultedProtocol, send: Send) -> None:
    assert isinstance(fired.spec, ResetMidAnswer)
    connection.wire.filter = Only(fired.spec.after_bytes)
    await answer.send(send, body=bytes(answer.body))
    await connection.wire.sent()
    connection.cut(fired)


async def _reset_after(fired: Fired, answer: Answer, connection: FaultedProtocol, send: Send) -> None:
    await answer.send(send, body=bytes(answer.body))
    await connection.wire.sent()
    connection.cut(fired)


async def _half_close(fired: Fired, answer: Answer, connection: FaultedProtocol, send: Send) -> None:
    assert isinstance(fired.spec, HalfClose)
    connection.wire.filter = Only(fired.spec.after_bytes)
    await answer.send(send, body=bytes(answer.body))
    await connection.wire.sent()
    connection.half_close(fired)


_SPOILERS: dict[type[Spec], Callable[[Fired, Answer, FaultedProtocol, Send], Awaitable[None]]] = {
    EmptyBody: _empty,
    MalformedJson: _malformed,
    Oversize: _oversize,
    Truncated: _truncated,
    WrongContentLength: _wrong_length,
    ResetMidAnswer: _reset_mid,
    ResetAfterAnswer: _reset_after,
    HalfClose: _half_close,
}
