"""The write side of one connection, where answers can be withheld and the connection cut.

Every byte to a client passes here, so that a fault at the socket needs nothing of the app. While no fault is set
it costs one call and one addition a write.
"""

import asyncio
import socket
import struct
from typing import Any

from services.central_mock.faults.domain import Mode

# l_onoff = 1, l_linger = 0: closing sends RST and throws away what was not sent.
LINGER_NONE = struct.pack("ii", 1, 0)


class Wire(asyncio.Transport):
    """A transport that counts, and can be made silent or cut."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._write = transport.write
        self.bytes_out = 0
        self.fault: Mode | None = None
        """The fault that silenced or cut this connection; it is never usable again after that."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, unless silent."""
        if self.fault is None:
            self.bytes_out += len(data)
            self._write(data)

    def silence(self, fault: Mode) -> None:
        """Let no answer through any more, and stay open."""
        self.fault = self.fault or fault

    def reset(self, fault: Mode) -> None:
        """Cut with a TCP reset."""
        self.fault = self.fault or fault
        self.drop()

    def drop(self) -> None:
        """Cut with a TCP reset, whatever made it so."""
        if not self._transport.is_closing():
            raw: Any = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        self._transport.abort()

    def close(self) -> None:
        """Close as HTTP asks for; a silent connection stays open, as a hung server's would."""
        if self.fault is None:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
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
        return self._transport.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._transport.get_write_buffer_limits()

    def can_write_eof(self) -> bool:
        return self._transport.can_write_eof()

    def write_eof(self) -> None:
        self._transport.write_eof()
