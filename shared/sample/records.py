"""Records of made-up people, ready to be sent: for tests of any client, and for those that can't seal a packet."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from shared.contracts.central import RecordEnvelope
from shared.ids import new_id
from shared.packets import BIODATA, Sealer, pack

NIK = "3313075708990001"
OFFICE = "33.13.07"
PHOTO = "photo"


@dataclass(frozen=True)
class SampleRecord:
    """An envelope and the packet that it describes."""

    envelope: dict[str, Any]
    packet: bytes

    @property
    def key(self) -> str:
        """Also the Idempotency-Key."""
        return str(self.envelope["key"])

    @property
    def sha256(self) -> str:
        """Of the packet."""
        return str(self.envelope["packet_sha256"])

    @property
    def form(self) -> dict[str, tuple[str, bytes, str]]:
        """The parts of the multipart request, as httpx and requests take them under `files`."""
        return {
            "envelope": ("envelope.json", json.dumps(self.envelope).encode(), "application/json"),
            "packet": ("packet.bin", self.packet, "application/octet-stream"),
        }


def sample_record(
    seal: Sealer | str,
    *,
    captured_at: datetime,
    nik: str = NIK,
    office: str = OFFICE,
    kind: str = "FIRST_TIME",
    key: str | None = None,
    photo_bytes: int = 300,
    **more: Any,
) -> SampleRecord:
    """A record sealed for the centre whose key this is: a sealer, or `seal` of `GET /central/v1/keys`."""
    sealer = (
        Sealer(X25519PublicKey.from_public_bytes(base64.b64decode(seal))) if isinstance(seal, str) else seal
    )
    key = key or new_id()
    biodata = json.dumps({"nik": nik, "biodata": {"name": "Siti Rahayu"}}).encode()
    parts: Mapping[str, bytes] = {BIODATA: biodata, PHOTO: b"p" * photo_bytes}
    packet = pack(key, {name: sealer.seal(key, name, plain) for name, plain in parts.items()})
    envelope = RecordEnvelope(
        key=key,
        office=office,
        kind=kind,
        captured_at=captured_at,
        packet_sha256=hashlib.sha256(packet).hexdigest(),
        packet_bytes=len(packet),
        **more,
    )
    return SampleRecord(envelope.model_dump(mode="json"), packet)
