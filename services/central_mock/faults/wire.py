"""The write side of one connection, where answers can be withheld, spoiled, slowed and cut.

Every byte to a client passes here, so that a fault at the socket needs nothing of the app. While no fault is set
the front gives back what it costs: the head of an answer goes out with its body, in one packet and one system call,
where uvicorn has two of each.
"""

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
from collections.abc import Callable
from typing import Any

from services.central_mock.faults.pace import Pacer

# l_onoff = 1, l_linger = 0: closing sends RST and throws away what was not sent.
LINGER_NONE = struct.pack("ii", 1, 0)
HEAD = b"HTTP/1.1 "
LENGTH = b"\r\ncontent-length: "
"""As uvicorn writes it. A head without it may be followed by nothing for long, or ever."""
LOOKS_EVERY = 0.005
"""Real seconds between two looks at whether the kernel has sent everything."""
SENT_WITHIN = 30.0

Filter = Callable[[bytes], bytes]


class Wire(asyncio.Transport):
    """A transport that counts, and can be made silent, slow or cut."""

    __slots__ = (
        "_call_soon",
        "_closing",
        "_reading_held",
        "_transport",
        "_wants_reading",
        "_write",
        "bytes_out",
        "closed_here",
        "dropped",
        "filter",
        "head",
        "held_by",
        "pacer",
        "silent",
        "waiting",
    )

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._write = transport.write
        self._call_soon = asyncio.get_running_loop().call_soon
        self.head: bytes | bytearray | memoryview | None = None
        """Of the last answer, as the app gave it, whatever became of it."""
        self.waiting: bytes | bytearray | memoryview | None = None
        """A head that waits for the bytes that come after it."""
        self.bytes_out = 0
        self.silent = False
        """No answer goes out any more; such a connection is never usable again."""
        self.held_by: int | None = None
        """The number of the rule that keeps this connection as it is; it is cut when that ends."""
        self.pacer: Pacer | None = None
        self.filter: Filter | None = None
        """Spoils the bytes of an answer on their way out."""
        self.dropped = False
        self.closed_here = False
        """Whether it was this side that ended it."""
        self._reading_held = False
        self._wants_reading = True
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, unless silent."""
        if self.silent or self.filter is not None or self.pacer is not None:
            self._write_marred(data)
            return
        self.bytes_out += len(data)
        if self.waiting is not None:
            head, self.waiting = self.waiting, None
            self._transport.writelines((head, data))
        elif data[:9] == HEAD:
            self.waiting = self.head = data
            if LENGTH not in data:
                self._call_soon(self.flush)
        else:
            self._write(data)

    def flush(self) -> None:
        """Nothing came after the head: it goes out alone."""
        if self.waiting is not None:
            head, self.waiting = self.waiting, None
            self._write(head)

    def _write_marred(self, data: bytes | bytearray | memoryview) -> None:
        if data[:9] == HEAD:
            self.head = data
        if self.silent:
            return
        self.flush()
        if self.filter is not None:
            data = self.filter(bytes(data))
            if not data:
                return
        if self.pacer is not None:
            self.pacer.put(bytes(data))
        else:
            self.send(bytes(data))

    def send(self, data: bytes) -> None:
        """Hand bytes to the socket, past everything."""
        self.flush()
        self.bytes_out += len(data)
        self._write(data)

    # Faults

    def silence(self, rule: int) -> None:
        """Let no answer through any more, and stay open until the rule ends."""
        self.flush()
        self.silent = True
        self.held_by = rule if self.held_by is None else self.held_by
        self.lost()

    def reset(self, _why: object = None) -> None:
        """Cut with a TCP reset."""
        self.drop()

    def drop(self) -> None:
        """Cut with a TCP reset; what was not sent is thrown away."""
        self.flush()
        self.silent = self.dropped = self.closed_here = True
        self.lost()
        if not self._transport.is_closing():
            raw: Any = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        self._transport.abort()

    def lost(self) -> None:
        """The connection is gone, whoever ended it: nothing waits for its turn any more."""
        self.waiting = None
        if self.pacer is not None:
            self.pacer.drop()
            self.pacer = None

    async def sent(self) -> None:
        """Wait until the client's kernel has everything, or the connection is gone."""
        self.flush()
        if self.pacer is not None:
            await self.pacer.drained()
        with contextlib.suppress(TimeoutError, OSError, ValueError):
            async with asyncio.timeout(SENT_WITHIN):
                while not self._transport.is_closing() and self._unsent():  # noqa: ASYNC110  # see below
                    await asyncio.sleep(LOOKS_EVERY)  # the kernel tells nobody when a peer has taken it all

    def _unsent(self) -> bool:
        if self._transport.get_write_buffer_size():
            return True
        raw: Any = self._transport.get_extra_info("socket")
        unacknowledged = fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, b"\0" * 4)
        return unacknowledged != b"\0" * 4

    def pace(self, pacer: Pacer, on_full: Callable[[bool], None]) -> None:
        """Let all that is written wait its turn; an answer that is under way is not slowed twice."""
        if self.pacer is None and not self.silent:
            self.pacer = pacer
            pacer.on_full(on_full)

    def unpace(self) -> None:
        """Write as usual again; nothing may be waiting any more."""
        self.pacer = None

    def half_close(self, rule: int) -> None:
        """Send FIN after what was written, and go on reading; what the app still says is thrown away."""
        self.flush()
        self.silent = True
        self.held_by = rule
        if not self._transport.is_closing():
            self._transport.write_eof()

    def hold_reading(self) -> None:
        """Read nothing more, whatever HTTP asks for."""
        self._reading_held = True
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def release_reading(self) -> None:
        """Read again when HTTP wants to."""
        self._reading_held = False
        if self._wants_reading and not self._transport.is_closing():
            self._transport.resume_reading()

    # A transport

    def close(self) -> None:
        """Close as HTTP asks for; a silent connection stays open, as a hung server's would."""
        if self.silent:
            return
        self.flush()
        self.closed_here = True
        if self.pacer is not None:
            self._closing = True
            self.pacer.when_empty(self._transport.close)
        else:
            self._transport.close()

    def abort(self) -> None:
        self.flush()
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._closing or self._transport.is_closing()

    def pause_reading(self) -> None:
        self._wants_reading = False
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._wants_reading = True
        if not self._reading_held:
            self._transport.resume_reading()

    def is_reading(self) -> bool:
        return self._transport.is_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._transport.get_protocol()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        self.flush()
        return self._transport.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._transport.get_write_buffer_limits()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def write_eof(self) -> None:
        self.flush()
        self._transport.write_eof()
