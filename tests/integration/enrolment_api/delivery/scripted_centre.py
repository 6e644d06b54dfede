"""A centre that does as it is told, on a raw socket, and knows which records it really holds."""

import asyncio
import base64
import contextlib
import json
import re
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared.contracts.central import SignedReceipt
from shared.keys import SIGN_PRIVATE

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_ENVELOPE = re.compile(rb'\{"key":.*?\}')


class Behaviour(StrEnum):
    """What the centre does with a request that comes in."""

    WELL = "well"
    HANG = "hang"
    RESET = "reset"
    TAKE_AND_RESET = "take and reset"
    TAKE_AND_HANG = "take and hang"
    BUSY = "busy"
    BROKEN = "broken"
    PORTAL = "portal"
    REDIRECT = "redirect"
    TRUNCATED = "truncated"
    FORGED = "forged"
    OTHER_RECORD = "other record"
    DRIP = "drip"
    REJECT = "reject"


class ScriptedCentre:
    """Behaves by `behaviour`; `applied` counts how often each key was taken, `posts` and `asks` what was sent."""

    def __init__(self, keys: Path) -> None:
        key = load_pem_private_key((keys / SIGN_PRIVATE).read_bytes(), None)
        assert isinstance(key, Ed25519PrivateKey)
        self._key = key
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.behaviour: Behaviour | Callable[[str], Behaviour] = Behaviour.WELL
        self.retry_after: str | None = None
        self.held: dict[str, str] = {}
        self.applied: Counter[str] = Counter()
        self.order: list[str] = []
        self.posts = 0
        self.asks = 0
        self.probes = 0
        self.at_once = 0
        self.most_at_once = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuse: the socket is closed and every connection with it."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    await self._one(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length.group(1))) if length else b""
        method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            await self._answer(writer, method, path, body)
        finally:
            self.at_once -= 1

    async def _answer(self, writer: asyncio.StreamWriter, method: str, path: str, body: bytes) -> None:
        key, sha = "", ""
        if method == "POST":
            self.posts += 1
            match = _ENVELOPE.search(body)
            assert match is not None
            envelope = json.loads(match.group(0))
            key, sha = envelope["key"], envelope["packet_sha256"]
        elif "/records/" in path:
            self.asks += 1
            key = path.rsplit("/", 1)[1]
            sha = self.held.get(key, "")
        else:
            self.probes += 1
        await self._behave(writer, method, path, key, sha)

    async def _behave(  # noqa: C901, PLR0912  # one case for each behaviour
        self, writer: asyncio.StreamWriter, method: str, path: str, key: str, sha: str
    ) -> None:
        behaviour = self.behaviour if isinstance(self.behaviour, Behaviour) else self.behaviour(path)
        takes = {Behaviour.WELL, Behaviour.TAKE_AND_RESET, Behaviour.TAKE_AND_HANG, Behaviour.TRUNCATED}
        if method == "POST" and behaviour in takes:
            self._take(key, sha)
        match behaviour:
            case Behaviour.WELL:
                self._well(writer, method, path, key)
            case Behaviour.HANG | Behaviour.TAKE_AND_HANG:
                await asyncio.sleep(3600)
            case Behaviour.RESET | Behaviour.TAKE_AND_RESET:
                sock: socket.socket = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                raise ConnectionResetError
            case Behaviour.BUSY:
                extra = f"Retry-After: {self.retry_after}\r\n" if self.retry_after else ""
                self._send(writer, "503 Busy", b"{}", "application/problem+json", extra)
            case Behaviour.BROKEN:
                self._send(writer, "500 Broken", b"oops", "text/plain")
            case Behaviour.PORTAL:
                self._send(writer, "200 OK", b"<html>Selamat datang, silakan masuk</html>", "text/html")
            case Behaviour.REDIRECT:
                self._send(writer, "302 Found", b"", "text/html", "Location: http://portal.invalid/\r\n")
            case Behaviour.REJECT:
                self._send(writer, "422 No", b'{"type":"x"}', "application/problem+json")
            case Behaviour.TRUNCATED:
                whole = self._receipt(key, self.held.get(key, sha))
                writer.write(
                    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
                )
                writer.write(whole[: len(whole) // 2])
                writer.close()
                raise ConnectionResetError
            case Behaviour.FORGED:
                receipt = json.loads(self._receipt(key, sha))
                receipt["receipt_number"] = "forged"
                self._send(writer, "201 Created", json.dumps(receipt).encode(), "application/json")
            case Behaviour.OTHER_RECORD:
                self._send(writer, "201 Created", self._receipt(key[::-1], sha), "application/json")
            case Behaviour.DRIP:
                writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(1000):
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.2)

    def _take(self, key: str, sha: str) -> None:
        if key not in self.held:
            self.order.append(key)
            self.applied[key] += 1
        self.held[key] = sha

    def _well(self, writer: asyncio.StreamWriter, method: str, path: str, key: str) -> None:
        if method == "POST" or key in self.held:
            self._send(
                writer, "201 Created" if method == "POST" else "200 OK", self._receipt(key, self.held[key])
            )
        elif "/results" in path:
            self._send(writer, "200 OK", b'{"results": [], "next_after": ""}')
        elif "/health" in path:
            self._send(writer, "200 OK", b'{"status": "up"}')
        else:
            self._send(writer, "404 Not Found", b'{"type":"not-found"}', "application/problem+json")

    def _receipt(self, key: str, sha: str) -> bytes:
        receipt = SignedReceipt(
            receipt_number=f"C-{key[-6:]}",
            key=key,
            packet_sha256=sha,
            received_at=datetime.now(UTC),
            signature="",
        )
        signature = base64.b64encode(self._key.sign(receipt.signed_bytes())).decode()
        return receipt.model_copy(update={"signature": signature}).model_dump_json().encode()

    def _send(
        self,
        writer: asyncio.StreamWriter,
        status: str,
        body: bytes,
        media: str = "application/json",
        extra: str = "",
    ) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        writer.write(head.encode() + body)


@contextlib.asynccontextmanager
async def scripted_centre(keys: Path) -> AsyncIterator[ScriptedCentre]:
    """One that is up and well."""
    centre = ScriptedCentre(keys)
    await centre.up()
    try:
        yield centre
    finally:
        await centre.down()
