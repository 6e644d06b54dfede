"""What goes to a client goes in order, whatever ends the connection, and an answer goes in one piece."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from services.central_mock.faults.pace import Pacer
from services.central_mock.faults.wire import Wire

HEAD, BODY = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", b"ok"
STREAMED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


class Recorder(asyncio.Transport):
    """What a socket was handed, a piece for each system call, and how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[bytes] = []
        self.ended: list[str] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(bytes(data))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.calls.append(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return bool(self.ended)

    def close(self) -> None:
        self.ended.append("closed")

    def abort(self) -> None:
        self.ended.append("aborted")

    def write_eof(self) -> None:
        self.ended.append("half closed")

    def pause_reading(self) -> None:
        """Nothing comes in here."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return _Socket() if name == "socket" else default


class _Socket:
    def setsockopt(self, *_: object) -> None:
        """Whatever is asked."""


@pytest.fixture
async def socket() -> Recorder:
    return Recorder()


@pytest.fixture
async def wire(socket: Recorder) -> Wire:
    return Wire(socket)


async def test_an_answer_goes_out_in_one_piece(wire: Wire, socket: Recorder) -> None:
    wire.write(HEAD)
    wire.write(BODY)
    assert (socket.calls, wire.bytes_out) == ([HEAD + BODY], len(HEAD + BODY))
    await asyncio.sleep(0)
    assert len(socket.calls) == 1


async def test_a_head_that_names_no_length_does_not_wait_for_what_may_take_its_time(
    wire: Wire, socket: Recorder
) -> None:
    wire.write(STREAMED)
    await asyncio.sleep(0)
    assert socket.calls == [STREAMED]
    wire.write(BODY)
    wire.write(BODY)
    assert socket.calls == [STREAMED, BODY, BODY]


async def test_a_head_that_names_one_waits_for_the_body_without_which_it_is_worth_nothing(
    wire: Wire, socket: Recorder
) -> None:
    wire.write(HEAD)
    await asyncio.sleep(0)
    assert socket.calls == []
    wire.write(BODY)
    assert socket.calls == [HEAD + BODY]


async def test_two_answers_of_one_turn_stay_in_order(wire: Wire, socket: Recorder) -> None:
    for _ in range(2):
        wire.write(HEAD)
        wire.write(b"")
    wire.write(HEAD)
    wire.write(HEAD)
    await asyncio.sleep(0)
    assert b"".join(socket.calls) == HEAD * 4 == HEAD * 2 + HEAD * 2


ENDS: dict[str, Callable[[Wire], object]] = {
    "close": Wire.close,
    "abort": Wire.abort,
    "drop": Wire.drop,
    "half close": lambda wire: wire.half_close(1),
    "silence": lambda wire: wire.silence(1),
    "end of file": Wire.write_eof,
}


@pytest.mark.parametrize("name", ENDS)
async def test_a_head_that_was_said_is_sent_before_the_end(wire: Wire, socket: Recorder, name: str) -> None:
    wire.write(HEAD)
    assert not socket.calls
    ENDS[name](wire)
    assert socket.calls == [HEAD]
    await asyncio.sleep(0)
    assert socket.calls == [HEAD]


async def test_nothing_is_sent_on_a_connection_that_was_lost(wire: Wire, socket: Recorder) -> None:
    wire.write(HEAD)
    wire.lost()
    await asyncio.sleep(0)
    assert socket.calls == []


async def test_what_is_spoiled_or_slowed_comes_after_what_was_said_before(
    wire: Wire, socket: Recorder
) -> None:
    wire.write(HEAD)
    wire.filter = bytes.upper
    wire.write(BODY)
    wire.filter = None
    wire.write(HEAD)
    pacer = Pacer(1e9, 1, wire.send)
    wire.pace(pacer, lambda _: None)
    wire.write(BODY)
    await pacer.drained()
    assert b"".join(socket.calls) == HEAD + BODY.upper() + HEAD + BODY
    assert wire.bytes_out == len(HEAD + BODY) * 2


async def test_reading_again_does_not_make_a_cut_connection_one_that_its_client_ended(wire: Wire) -> None:
    wire.hold_reading()
    wire.drop()
    wire.release_reading()
    assert wire.dropped and wire.closed_here
