"""Whatever arrives where a record is expected is read or refused, and the centre is well afterwards."""

import contextlib
import logging
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings
from starlette.requests import Request
from starlette.types import Message

from services.central_mock.centre.records.multipart import read_record_form
from shared.problems import Problem
from tests.fuzz.served import Served, served

PLAIN = b"multipart/form-data; boundary=b"
WHOLE = (
    b'--b\r\nContent-Disposition: form-data; name="envelope"\r\nContent-Type: application/json\r\n\r\n{"key": 1}\r\n'
    b'--b\r\nContent-Disposition: form-data; name="packet"; filename="p"\r\n\r\n\x00\x01\xff\r\n--b--\r\n'
)
NEVER_ENDS = b'--b\r\nContent-Disposition: form-data; name="packet"; filename="p"\r\n\r\nabc'
CHARSETS = [
    "utf-8",
    "utf-16",
    "utf-7",
    "punycode",
    "idna",
    "undefined",
    "raw_unicode_escape",
    "hex",
    "none such",
]
CONTENT_TYPES = st.sampled_from(
    [
        PLAIN,
        b'multipart/form-data; boundary="b"',
        b"multipart/form-data; boundary=",
        b"multipart/form-data; boundary=--b",
        b"multipart/form-data; boundary=\xff",
        b"multipart/form-data; Xboundary=b",
        b"multipart/form-data; boundary*=utf-8''b",
        b"multipart/form-data; boundary=" + b"b" * 300,
        b"multipart/form-data; boundary=b; boundary=c",
        b"multipart/mixed; boundary=b",
        *(f"multipart/form-data; charset={each}; boundary=b".encode() for each in CHARSETS),
    ]
)
PIECES = st.sampled_from(
    [
        b"\r\n", b"\r", b"\n", b"--b", b"--b\r\n", b"--b--", b"--b--\r\n", b"--", b"\x00", b"\xff\xfe", b";", b'"',
        b":",
        b"\\ud800", b"+2AA-", b'name="envelope"', b'name="packet"', b"name*=utf-16''packet", b'filename="/etc/passwd"',
        b"filename*=utf-8''%ff", b"Content-Transfer-Encoding: base64\r\n", b"Content-Disposition: form-data\r\n",
        b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n--c--", b"A" * 9000, WHOLE, b"",
    ]
)  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A whole form with pieces put in, taken out and written over, or cut off."""
    body = WHOLE
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 40)))
        body = body[:start] + draw(PIECES | st.binary(max_size=8)) + body[end:]
    return body[: draw(st.integers(0, len(body)))] if draw(st.booleans()) else body


async def read(content_type: bytes, body: bytes, at: int) -> tuple[bytes, bytes]:
    """As it comes over the wire in two chunks."""
    chunks: list[Message] = [
        {"type": "http.request", "body": body[:at], "more_body": True},
        {"type": "http.request", "body": body[at:], "more_body": False},
    ]

    async def receive() -> Message:
        return chunks.pop(0)

    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "app": None}
    return await read_record_form(Request(scope, receive))


@pytest.fixture(autouse=True)
def parser_says_nothing() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


class TestTheParser:
    async def test_reads_a_whole_form(self) -> None:
        assert await read(PLAIN, WHOLE, 7) == (b'{"key": 1}', b"\x00\x01\xff")

    # where a charset fails, Starlette leaves its spool file to the collector
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    @given(content_type=CONTENT_TYPES, body=bodies(), at=st.integers(0, 400))
    @example(b"multipart/form-data; charset=punycode; boundary=b", WHOLE, 0)
    @example(
        b"multipart/form-data; charset=raw_unicode_escape; boundary=b",
        WHOLE.replace(b'{"key": 1}', b"\\ud800"),
        0,
    )
    @settings(max_examples=1000, deadline=None, print_blob=True)
    async def test_reads_or_refuses_and_nothing_else(self, content_type: bytes, body: bytes, at: int) -> None:
        with contextlib.suppress(Problem):
            envelope, packet = await read(content_type, body, at)
            assert isinstance(envelope, bytes)
            assert isinstance(packet, bytes)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served("central_mock", tmp_path_factory.mktemp("centre")) as running:
        yield running


def post(centre: Served, *headers: bytes, body: bytes) -> int | None:
    """The answer's status; None when the connection was closed without one."""
    address = urlsplit(centre.url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(
            b"\r\n".join([b"POST /central/v1/records HTTP/1.1", b"Host: centre", *headers, b"", body])
        )
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                answer += chunk
    found = re.match(rb"HTTP/1.1 (\d{3})", answer)
    return int(found[1]) if found else None


# Starlette forgets the file of a part that never ends: it is closed as it is freed, at once, and warns of that.
@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
class TestOverHttp:
    @given(content_type=CONTENT_TYPES, body=bodies(), cut=st.integers(-300, 300))
    @example(b"multipart/form-data; charset=undefined; boundary=b", WHOLE, 0)
    @example(b"multipart/form-data; boundary=b", NEVER_ENDS, 0)
    @settings(max_examples=60, deadline=None, print_blob=True)
    def test_no_form_is_a_fault_of_the_centre(
        self, centre: Served, content_type: bytes, body: bytes, cut: int
    ) -> None:
        length = max(0, len(body) + cut)
        status = post(
            centre,
            b"Content-Type: " + content_type,
            b"Content-Length: %d" % length,
            b"Idempotency-Key: k",
            b"Connection: close",
            body=body,
        )
        assert status is None or 400 <= status < 500, (status, content_type, body)

    @pytest.mark.parametrize(
        "headers",
        [
            (b"Content-Type: " + PLAIN, b"Content-Length: ten"),
            (b"Content-Type: " + PLAIN, b"Content-Length: -1"),
            (b"Content-Type: " + PLAIN, b"Content-Length: 99999999999999999999"),
            (b"Content-Type: " + PLAIN, b"Content-Length: 10", b"Content-Length: 20"),
            (b"Content-Type: " + PLAIN, b"Transfer-Encoding: chunked", b"Content-Length: 10"),
            (b"Content-Type: " + PLAIN, b"Transfer-Encoding: chunked"),
            (b"Content-Type: " + PLAIN, b"X-Long: " + b"x" * 200_000),
            (b"Content-Type: " + PLAIN, *(b"X-%d: x" % number for number in range(5000))),
            (b"Content-Type: " + PLAIN + b"; x=" + b"y" * 60_000,),
            (b"Content-Type: \xff\xfe",),
        ],
    )
    def test_no_header_is_a_fault_of_the_centre(self, centre: Served, headers: tuple[bytes, ...]) -> None:
        status = post(centre, *headers, b"Connection: close", body=WHOLE)
        assert status is None or 400 <= status < 500, status
