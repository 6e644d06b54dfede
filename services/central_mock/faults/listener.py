"""The listening socket, which a refused connection needs closed and its port kept.

While it is closed a socket that is bound and does not listen holds the port: the kernel refuses connections as if
nobody were there, and no other process can take the port in between. For that the held socket must not say that its
address may be used again; to be bound where connections have just ended, and to listen, it must say so.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable

BACKLOG = 2048


class Listener:
    """Listens on one host and port; can stop and start again on the same one."""

    def __init__(self, host: str, port: int, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._host = host
        self.port = port
        self._protocol = protocol
        self._server: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None

    @property
    def is_open(self) -> bool:
        """Whether connections are taken."""
        return self._server is not None

    async def open(self) -> None:
        """Take connections; does nothing if it does already. Raises OSError when the port is taken."""
        if self._server is not None:
            return
        held, self._placeholder = self._placeholder or self._bind(), None
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self._protocol, sock=held, backlog=BACKLOG
            )
        except BaseException:
            held.close()
            raise
        self.port = held.getsockname()[1]

    async def close(self) -> None:
        """Refuse connections from now on, and keep the port; what is in the kernel's queue is reset."""
        if self._server is not None:
            await self._finish_accepting(self._server)
            self._server.close()
            self._server = None
        if self._placeholder is None:
            with contextlib.suppress(OSError):  # somebody was faster: `open` will say so
                self._placeholder = self._bind()
                self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)

    @staticmethod
    async def _finish_accepting(server: asyncio.Server) -> None:
        """Asyncio's own loop loses, open, what it has accepted and not yet handed over when its server closes."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, asyncio.SelectorEventLoop):
            for each in server.sockets:
                loop.remove_reader(each.fileno())
            for _ in range(3):  # the turns that it takes to hand over
                await asyncio.sleep(0)

    def end(self) -> None:
        """Let go of the port."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None

    def _bind(self) -> socket.socket:
        family, kind, protocol, _, address = socket.getaddrinfo(
            self._host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setblocking(False)
            bound.bind(address)
        except BaseException:
            bound.close()
            raise
        return bound
