"""What one request meets, seen from a bare socket and said in one sentence: a capture without a library in between."""

import asyncio
import json
import re
import time
from dataclasses import dataclass

QUIET = 0.4
"""Seconds of silence that count as silence, or as the end of what comes."""
LONGEST = 10.0
PLAIN_SENTENCE = "201, Content-Length true, JSON, connection stays open"
"""What a record meets while no rule is on."""


@dataclass
class Seen:
    """What came back for one request."""

    connected: bool = True
    data: bytes = b""
    end: str = "open"
    """open, FIN or RST."""
    first_after: float = 0.0
    """Seconds until the first byte."""
    lasted: float = 0.0
    """Seconds from the first byte to the last."""

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0] if b"\r\n\r\n" in self.data else b""

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> str | None:
        found = re.search(rb"(?im)^" + name.encode() + rb": *(.*?)\r?$", self.head)
        return found[1].decode() if found else None

    def sentence(self) -> str:
        """As the documentation says it."""
        if not self.connected:
            return "connection refused"
        if not self.data:
            return f"no byte, {self._ended()}"
        if not self.head:
            return f"the first {len(self.data)} bytes of a head, {self._ended()}"
        status = self.head.split(b" ")[1].decode()
        named = [f"{name}: {value}" for name in NAMED if (value := self.header(name))]
        return ", ".join([status, *named, self._length(), self._body(), self._ended()])

    def _ended(self) -> str:
        return {"open": "connection stays open", "FIN": "then FIN", "RST": "then RST"}[self.end]

    def _length(self) -> str:
        said = self.header("content-length")
        if said is None:
            return "no Content-Length"
        more = int(said) - len(self.body)
        return (
            f"Content-Length {more} too many"
            if more > 0
            else (f"Content-Length {-more} too few" if more else "Content-Length true")
        )

    def _body(self) -> str:
        if not self.body:
            return "no body"
        if self.body.startswith(b"<"):
            return "HTML"
        try:
            json.loads(self.body)
        except ValueError:
            return "broken JSON"
        spaces = len(self.body) - len(self.body.rstrip())
        return f"JSON and {spaces} spaces" if spaces else "JSON"


NAMED = ("Retry-After", "Location", "WWW-Authenticate")


async def exchange(
    port: int, request: bytes, *, silent: bool = False, ends: bool = False, again: bool = False
) -> Seen:
    """Send a request over a new connection and look what comes.

    Only where silence is expected (`silent`) does a short one count, only where an end is expected (`ends`) is it
    waited for. `again`: the request is sent once more over the connection, and what then comes is told.
    """
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return Seen(connected=False)
    try:
        if again:
            await _converse(reader, writer, request, silent=False, ends=False)
        return await _converse(reader, writer, request, silent=silent, ends=ends)
    finally:
        writer.transport.abort()


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, *, silent: bool, ends: bool
) -> Seen:
    seen, began = Seen(), time.monotonic()
    last = began
    try:
        writer.write(request)
        while True:
            patience = QUIET if (seen.data and not ends) or (silent and not seen.data) else LONGEST
            async with asyncio.timeout(patience):
                part = await reader.read(65536)
            if not part:
                seen.end = "FIN"
                break
            last = time.monotonic()
            seen.first_after = seen.first_after or last - began
            seen.data += part
            if _whole(seen) and not ends:
                break
    except TimeoutError:
        pass
    except (ConnectionResetError, BrokenPipeError):
        seen.end = "RST"
    seen.lasted = last - began - seen.first_after
    return seen


def _whole(seen: Seen) -> bool:
    said = seen.header("content-length")
    return said is not None and len(seen.body) >= int(said)
