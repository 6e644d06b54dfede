"""uvicorn's HTTP protocol with one keep-alive timer for the life of a connection, where it has one for each answer."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState


class KeepAliveProtocol(HttpToolsProtocol):
    """Closes a connection on which nothing came for `timeout_keep_alive` after an answer, as uvicorn does.

    A timer made and thrown away for each request is a good part of what a small answer costs. This one looks, when it
    rings, how long the silence has been, and winds itself up again.
    """

    __slots__ = ("_quiet_since", "_quiet_timer", "answers")

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config=config, server_state=server_state, app_state=app_state)
        self.answers = 0
        """Whole ones."""
        self._quiet_since: float | None = None
        """By the loop's time; None when something has come since."""
        self._quiet_timer: asyncio.TimerHandle | None = None

    def _unset_keepalive_if_required(self) -> None:
        """Something has come, or the connection is gone."""
        self._quiet_since = None

    def on_response_complete(self) -> None:
        """As uvicorn's own, but for the timer."""
        self.answers += 1
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._quiet_since = self.loop.time()
        if self._quiet_timer is None:
            self._quiet_timer = self.loop.call_later(self.timeout_keep_alive, self._ring)

    def _ring(self) -> None:
        self._quiet_timer = None
        if self._quiet_since is None:
            return  # the next answer winds it up
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._quiet_timer = self.loop.call_later(left, self._ring)
        else:
            self.timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._quiet_timer is not None:
            self._quiet_timer.cancel()
            self._quiet_timer = None
