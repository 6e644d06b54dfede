"""Taking a capture's raw bytes off the wire: never more than the limit, and exactly those that were sent (RFC 9530)."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from fastapi import Request

from services.enrolment_api.recording.problems import WrongDigest
from shared.problems import InvalidInput, TooLarge, UnsupportedMedia

MOST_BYTES = 5 * 1024 * 1024
# One member of the header's dictionary, as in `sha-256=:YWJj…:`; other algorithms may stand beside it.
_SHA_256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/]*={0,2}):\s*(?:;[^,]*)?(?=,|$)")


@dataclass(frozen=True)
class RawBody:
    """The bytes and their SHA-256 in hex, which is the one that was promised."""

    content: bytes
    sha256: str


async def read_body(request: Request) -> RawBody:
    """Read and check the body. Raises UnsupportedMedia, TooLarge, InvalidInput, WrongDigest."""
    _check_media_type(request.headers.get("Content-Type"))
    promised = promised_digest(request.headers.get("Content-Digest"))
    _check_length(request.headers.get("Content-Length"))
    content, digest = bytearray(), hashlib.sha256()
    async for chunk in request.stream():
        if len(content) + len(chunk) > MOST_BYTES:
            raise _too_large()
        content += chunk
        digest.update(chunk)
    if not content:
        raise InvalidInput.field("/body", "the capture is empty")
    if digest.digest() != promised:
        raise WrongDigest.field("/header/Content-Digest", "the bytes that came have another SHA-256")
    return RawBody(bytes(content), digest.hexdigest())


def promised_digest(header: str | None) -> bytes:
    """The SHA-256 that a Content-Digest header names. Raises InvalidInput."""
    if header is None:
        raise InvalidInput.field("/header/Content-Digest", "is needed, like `sha-256=:base64:`")
    found = _SHA_256.search(header)
    if found is None:
        raise InvalidInput.field("/header/Content-Digest", "names no sha-256, like `sha-256=:base64:`")
    try:
        digest = base64.b64decode(found.group(1), validate=True)
    except binascii.Error as error:
        raise InvalidInput.field("/header/Content-Digest", "the sha-256 is not base64") from error
    if len(digest) != hashlib.sha256().digest_size:
        raise InvalidInput.field("/header/Content-Digest", "a SHA-256 has 32 bytes")
    return digest


def _check_media_type(header: str | None) -> None:
    media_type = (header or "application/octet-stream").split(";")[0].strip().lower()
    if media_type != "application/octet-stream" and not media_type.startswith("image/"):
        raise UnsupportedMedia("A capture is application/octet-stream or image/*")


def _check_length(header: str | None) -> None:
    """Refuse before reading what is announced as too large."""
    if header is not None and header.isdecimal() and int(header) > MOST_BYTES:
        raise _too_large()


def _too_large() -> TooLarge:
    return TooLarge(f"A capture has at most {MOST_BYTES} bytes", most_bytes=MOST_BYTES)
