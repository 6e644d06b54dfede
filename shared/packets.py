"""A record's packet: parts sealed to the centre's key as they are written, packed as CBOR.

HPKE (RFC 9180: X25519, HKDF-SHA256, ChaCha20-Poly1305), `info` bound to the record and the part, so that a part
can neither be opened at the office nor moved to another record. Packing is deterministic: the same parts always
give the same bytes and the same SHA-256.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from shared.keys import SEAL_PRIVATE, SEAL_PUBLIC

VERSION = 1
BIODATA = "biodata"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class BadPacket(ValueError):
    """The bytes are no packet of ours, or a part was sealed for another record."""


def _info(record_id: str, part: str) -> bytes:
    return f"ektp-packet-v{VERSION}|{record_id}|{part}".encode()


class Sealer:
    """The office's half: can close, never open."""

    def __init__(self, key: X25519PublicKey) -> None:
        self._key = key

    @classmethod
    def from_directory(cls, keys_dir: Path) -> "Sealer":
        """With the centre's public key."""
        key = load_pem_public_key((keys_dir / SEAL_PUBLIC).read_bytes())
        assert isinstance(key, X25519PublicKey)
        return cls(key)

    def seal(self, record_id: str, part: str, plaintext: bytes) -> bytes:
        """Seal one part of one record; 48 bytes longer than the plaintext."""
        return _SUITE.encrypt(plaintext, self._key, info=_info(record_id, part))


class Opener:
    """The centre's half."""

    def __init__(self, key: X25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def from_directory(cls, keys_dir: Path) -> "Opener":
        """With the centre's private key."""
        key = load_pem_private_key((keys_dir / SEAL_PRIVATE).read_bytes(), None)
        assert isinstance(key, X25519PrivateKey)
        return cls(key)

    def open(self, record_id: str, part: str, sealed: bytes) -> bytes:
        """The plaintext of a part. Raises BadPacket."""
        try:
            return _SUITE.decrypt(sealed, self._key, info=_info(record_id, part))
        except (InvalidTag, ValueError) as error:
            raise BadPacket(f"{part} was not sealed for this record") from error


def pack(record_id: str, parts: Mapping[str, bytes]) -> bytes:
    """The packet of sealed parts, deterministic."""
    return cbor2.dumps({"version": VERSION, "key": record_id, "parts": dict(parts)}, canonical=True)


def unpack(packet: bytes) -> tuple[str, dict[str, bytes]]:
    """The record's id and its sealed parts. Raises BadPacket."""
    try:
        content: Any = cbor2.loads(packet)
        if content["version"] != VERSION:
            raise BadPacket(f"version {content['version']}")
        parts: dict[Any, Any] = dict(content["parts"])
        # bytes(10**12) would make as many zeros of a number that somebody put in a part's place
        if not all(isinstance(name, str) and isinstance(part, bytes) for name, part in parts.items()):
            raise BadPacket("a part is not bytes")
        return str(content["key"]), parts
    except BadPacket:
        raise
    except (
        cbor2.CBORDecodeError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
        OverflowError,
    ) as error:
        raise BadPacket("not a packet") from error
