"""What makes an arriving record acceptable. Pure: bytes in, findings or a refusal out."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.contracts.central import RecordEnvelope
from shared.packets import BIODATA, BadPacket, unpack

NIK = re.compile(r"\d{16}")

OpenPart = Callable[[str, str, bytes], bytes]


class NotWhole(ValueError):
    """The packet is not the bytes that the envelope describes; sent again it may be."""


class NotAcceptable(ValueError):
    """The record itself is refused; sent again it will be refused again."""


@dataclass(frozen=True)
class Arrival:
    """A record as it came, read far enough to be kept."""

    envelope: RecordEnvelope
    packet: bytes
    person: str


def check_whole(envelope: RecordEnvelope, packet: bytes) -> None:
    """Raise NotWhole unless these are the described bytes."""
    if len(packet) != envelope.packet_bytes:
        raise NotWhole(f"packet_bytes says {envelope.packet_bytes}, {len(packet)} came")
    if hashlib.sha256(packet).hexdigest() != envelope.packet_sha256:
        raise NotWhole("packet_sha256 is not the packet's SHA-256")


def read_nik(key: str, packet: bytes, open_part: OpenPart) -> str:
    """Open the biodata and nothing else. Raises NotAcceptable."""
    try:
        packed_for, parts = unpack(packet)
        if packed_for != key:
            raise NotAcceptable("the packet belongs to another record")
        if BIODATA not in parts:
            raise NotAcceptable("the packet holds no biodata")
        content = json.loads(open_part(key, BIODATA, parts[BIODATA]))
    except BadPacket as error:
        raise NotAcceptable("the packet can't be opened with the centre's key") from error
    except ValueError as error:
        if isinstance(error, NotAcceptable):
            raise
        raise NotAcceptable("the biodata is not JSON") from error
    nik = content.get("nik") if isinstance(content, dict) else None
    if not isinstance(nik, str) or not NIK.fullmatch(nik):
        raise NotAcceptable("the biodata names no NIK")
    return nik
