"""An office as the centre meets it: makes sealed records and sends them, over HTTP or byte by byte."""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.contracts.central import RecordEnvelope
from shared.ids import new_id
from shared.packets import BIODATA, Sealer, pack

NGARGOYOSO = "33.13.07"
BOUNDARY = "a-boundary-of-a-test"


@dataclass(frozen=True)
class Prepared:
    """A record ready to send."""

    envelope: dict[str, Any]
    packet: bytes

    @property
    def key(self) -> str:
        return str(self.envelope["key"])

    @property
    def sha256(self) -> str:
        return str(self.envelope["packet_sha256"])

    def form(self) -> bytes:
        """The body of the request, with the boundary above."""
        envelope = json.dumps(self.envelope).encode()
        head = b"\r\nContent-Disposition: form-data; name="
        delimiter = b"--" + BOUNDARY.encode()
        return b"".join(
            (
                delimiter, head, b'"envelope"\r\nContent-Type: application/json\r\n\r\n', envelope, b"\r\n",
                delimiter, head, b'"packet"; filename="packet"\r\n\r\n', self.packet, b"\r\n",
                delimiter, b"--\r\n",
            )
        )  # fmt: skip

    def raw_request(self) -> bytes:
        """The whole request as it goes over the wire."""
        body = self.form()
        head = (
            f"POST /central/v1/records HTTP/1.1\r\nHost: centre\r\nIdempotency-Key: {self.key}\r\n"
            f"X-Office: {self.envelope['office']}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Sender:
    """Prepares and posts records."""

    def __init__(self, keys: Path, client: httpx.AsyncClient) -> None:
        self._sealer = Sealer.from_directory(keys)
        self.client = client

    def prepare(
        self,
        *,
        nik: str = "3313075708990001",
        office: str = NGARGOYOSO,
        kind: str = "FIRST_TIME",
        supersedes: str | None = None,
        key: str | None = None,
        size: int = 300,
    ) -> Prepared:
        """A record of one person, sealed as enrolment_api seals it."""
        key = key or new_id()
        biodata = json.dumps({"nik": nik, "biodata": {"name": "Siti Rahayu"}}).encode()
        parts = {
            BIODATA: self._sealer.seal(key, BIODATA, biodata),
            "photo": self._sealer.seal(key, "photo", b"p" * size),
        }
        return self.enveloped(key, pack(key, parts), office=office, kind=kind, supersedes=supersedes)

    @staticmethod
    def enveloped(
        key: str,
        packet: bytes,
        *,
        office: str = NGARGOYOSO,
        kind: str = "FIRST_TIME",
        supersedes: str | None = None,
    ) -> Prepared:
        """A packet under an envelope that describes it truly."""
        envelope = RecordEnvelope.model_validate(
            {
                "key": key,
                "office": office,
                "kind": kind,
                "captured_at": "2016-09-16T09:00:00+07:00",
                "packet_sha256": hashlib.sha256(packet).hexdigest(),
                "packet_bytes": len(packet),
                "supersedes": supersedes,
            }
        )
        return Prepared(envelope.model_dump(mode="json"), packet)

    async def post(self, record: Prepared, *, key: str | None = None) -> httpx.Response:
        """Send it as the forwarder does."""
        return await self.client.post(
            "/central/v1/records",
            content=record.form(),
            headers={
                "Idempotency-Key": key or record.key,
                "X-Office": str(record.envelope["office"]),
                "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            },
        )


class RawConnection:
    """A socket, for seeing what the wire shows."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "RawConnection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def head(self) -> bytes:
        """Of an answer that has no body."""
        async with asyncio.timeout(10):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> bytes:
        """One whole answer with a Content-Length."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        return head + await self._reader.readexactly(length)

    async def says_nothing(self, seconds: float) -> bool:
        """Whether neither a byte nor an end comes for so long: the one thing that only time can show."""
        try:
            async with asyncio.timeout(seconds):
                await self._reader.read(1)
        except TimeoutError:
            return True
        return False

    async def rest(self) -> bytes:
        """What comes until the end. Raises ConnectionResetError at a reset."""
        async with asyncio.timeout(10):
            return await self._reader.read()

    def close(self) -> None:
        self._writer.transport.abort()
