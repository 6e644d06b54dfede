"""A server whose every word is known: it says what it got back, in capitals."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast


class _Answering(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        server = cast("Upstream", self.server)
        try:
            while data := self.request.recv(65536):
                server.received += data
                self.request.sendall(data.upper())
        except ConnectionError:
            server.resets += 1


class Upstream(socketserver.ThreadingTCPServer):
    """Counts what arrived: whether a request was done does not show at the client."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.received = b""
        self.resets = 0

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def running_upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()
