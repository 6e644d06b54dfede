"""One connection through a proxy: two pumps, which do to the bytes what the faults say."""

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING

from shared.testing.proxy.faults import BOTH, Direction, Fault, LoseAnswers, ResetAfter, Slow, Stall, Swallow

if TYPE_CHECKING:
    from shared.testing.proxy.listener import Proxy

CHUNK = 64 * 1024
# A slowed chunk goes out in so many pieces a second, so that healing is felt at once.
PIECES_PER_SECOND = 20
LINGER_ZERO = struct.pack("ii", 1, 0)


class Reset(Exception):
    """Both sides are to see a connection reset."""


class Connection:
    """Sockets are read by hand: a stream would read ahead, and a stall must be felt by the sender."""

    def __init__(self, number: int, client: socket.socket, proxy: "Proxy") -> None:
        self.number = number
        self._client, self._server = client, socket.socket()
        for end in (self._client, self._server):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._proxy = proxy
        self._clean = False
        self._carried = dict.fromkeys(BOTH, 0)
        self.lost_bytes = False

    async def run(self) -> None:
        """Until both sides are done or one is reset; `close` comes after."""
        try:
            server = await self._reach()
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(Direction.REQUESTS, self._client, server))
                pumps.create_task(self._pump(Direction.ANSWERS, server, self._client))
            self._clean = True
        except* (Reset, OSError):
            pass

    def close(self) -> None:
        """Let go of both sockets: in order when both sides had ended, else by a reset."""
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                if not self._clean:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
                end.close()

    async def _reach(self) -> socket.socket:
        try:
            await asyncio.get_running_loop().sock_connect(self._server, self._proxy.upstream)
        except OSError:
            self._proxy.counts.unreachable += 1
            raise
        return self._server

    async def _pump(self, direction: Direction, source: socket.socket, target: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(source, CHUNK)
            await self._held(direction)
            if not data:
                with contextlib.suppress(OSError):  # the other side is gone already
                    target.shutdown(socket.SHUT_WR)
                return
            await self._carry(direction, data, target)

    async def _held(self, direction: Direction) -> None:
        """Wait as long as the way is stalled."""
        counted = False
        while stall := self._befallen(Stall, direction):
            if not counted:
                self._act(stall)
                counted = True
            await self._proxy.changed.wait()

    async def _carry(self, direction: Direction, data: bytes, target: socket.socket) -> None:
        if direction is Direction.ANSWERS and (lose := self._befallen(LoseAnswers, direction)):
            self._act(lose)
            raise Reset
        if swallow := self._befallen(Swallow, direction):
            self._act(swallow)
            self.lost_bytes = True
            return
        after = self._befallen(ResetAfter, direction)
        if isinstance(after, ResetAfter) and self._carried[direction] + len(data) > after.carried:
            self._act(after)
            await self._send(direction, data[: max(0, after.carried - self._carried[direction])], target)
            raise Reset
        await self._send(direction, data, target)

    async def _send(self, direction: Direction, data: bytes, target: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        slow = self._befallen(Slow, direction)
        if isinstance(slow, Slow):
            self._act(slow)
            await self._proxy.pause(slow.latency)
        rest = memoryview(data)
        while rest:
            slow = self._befallen(Slow, direction)
            rate = slow.bytes_per_second if isinstance(slow, Slow) else None
            piece = rest[: max(1, int(rate / PIECES_PER_SECOND))] if rate else rest
            if rate:
                await self._proxy.pause(self._proxy.turn(direction, len(piece) / rate))
            await loop.sock_sendall(target, piece)
            self._carried[direction] += len(piece)
            self._proxy.counts.carried[direction] += len(piece)
            rest = rest[len(piece) :]

    def _befallen(self, kind: type[Fault], direction: Direction) -> Fault | None:
        return self._proxy.faults.befalls(kind, self.number, direction)

    def _act(self, fault: Fault) -> None:
        self._proxy.faults.spend(fault)
        self._proxy.counts.acted[fault.kind] += 1
