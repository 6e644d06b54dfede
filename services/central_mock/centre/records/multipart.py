"""The two parts of an arriving record, read with a limit.

FastAPI's form reading spools every part through a file, and python-multipart's parser makes fifty calls for two
parts: together half the cost of a request. A boundary can't occur inside a part, so splitting at it is the grammar
(RFC 2046, 5.1.1).
"""

import re

from fastapi import Request

from shared.problems import InvalidInput, TooLarge, UnsupportedMedia

PARTS = ("envelope", "packet")
MAX_BODY = 64 * 1024 * 1024

_MEDIA = re.compile(
    r'multipart/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s";]{1,70}))', re.IGNORECASE
)
_NAME = re.compile(
    rb'^content-disposition:\s*form-data\s*;(?:.*;)?\s*name="?([^";]+)"?', re.IGNORECASE | re.MULTILINE
)


async def read_record_form(request: Request) -> tuple[bytes, bytes]:
    """Envelope and packet. Raises UnsupportedMedia, InvalidInput, TooLarge."""
    media = _MEDIA.match(request.headers.get("content-type", ""))
    if media is None:
        raise UnsupportedMedia("A record comes as multipart/form-data with a boundary")
    parts = split_form(await _body(request), (media[1] or media[2]).encode("latin-1"))
    for name in PARTS:
        if name not in parts:
            raise InvalidInput.field(f"/body/{name}", "this part is missing")
    return parts["envelope"], parts["packet"]


async def _body(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            raise TooLarge(f"A record is at most {MAX_BODY} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def split_form(body: bytes, boundary: bytes) -> dict[str, bytes]:
    """The parts by name. Raises InvalidInput."""
    # The first delimiter has no line break of its own before it; with one they all look the same.
    _, *pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if not pieces or not pieces[-1].startswith(b"--"):
        raise InvalidInput("The form ends in the middle")
    parts: dict[str, bytes] = {}
    for piece in pieces[:-1]:
        head, separator, content = piece.partition(b"\r\n\r\n")
        named = _NAME.search(head)
        if not separator or named is None:
            raise InvalidInput("The body is not multipart/form-data")
        name = named[1].decode("latin-1")
        if name not in PARTS or name in parts:
            raise InvalidInput("The form has one part `envelope` and one part `packet`, nothing else")
        parts[name] = content
    return parts
