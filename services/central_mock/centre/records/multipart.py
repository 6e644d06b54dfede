"""The two parts of an arriving record, read as a stream with a limit.

FastAPI's own form reading spools every part through a file object: half the cost of a whole request here.
"""

from email.message import Message

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from shared.problems import InvalidInput, TooLarge, UnsupportedMedia

PARTS = ("envelope", "packet")
MAX_BODY = 64 * 1024 * 1024


class _Parts:
    """Collects the parts as the parser meets them."""

    def __init__(self, boundary: bytes) -> None:
        self.found: dict[str, bytes] = {}
        self._header = bytearray()
        self._value = bytearray()
        self._body: list[bytes] = []
        self._name = ""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_header_begin": self._header_begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
            },
        )
        self._complete = False
        self._parser.callbacks["on_end"] = self._whole

    def feed(self, chunk: bytes) -> None:
        self._parser.write(chunk)

    def finish(self) -> dict[str, bytes]:
        self._parser.finalize()
        if not self._complete:
            raise InvalidInput("The form ends in the middle")
        return self.found

    def _whole(self) -> None:
        self._complete = True

    def _begin(self) -> None:
        self._name = ""
        self._body = []

    def _header_begin(self) -> None:
        self._header.clear()
        self._value.clear()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._name = options.get(b"name", b"").decode("latin-1")

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._body.append(data[start:end])

    def _end(self) -> None:
        if self._name not in PARTS or self._name in self.found:
            raise InvalidInput("The form has one part `envelope` and one part `packet`, nothing else")
        self.found[self._name] = b"".join(self._body)


async def read_record_form(request: Request) -> tuple[bytes, bytes]:
    """Envelope and packet. Raises UnsupportedMedia, InvalidInput, TooLarge."""
    parts = _Parts(_boundary(request.headers.get("content-type", "")))
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_BODY:
                raise TooLarge(f"A record is at most {MAX_BODY} bytes")
            if chunk:
                parts.feed(chunk)
        found = parts.finish()
    except MultipartParseError as error:
        raise InvalidInput("The body is not multipart/form-data") from error
    for name in PARTS:
        if name not in found:
            raise InvalidInput.field(f"/body/{name}", "this part is missing")
    return found["envelope"], found["packet"]


def _boundary(content_type: str) -> bytes:
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        raise UnsupportedMedia("A record comes as multipart/form-data with a boundary")
    return boundary.encode("latin-1")
