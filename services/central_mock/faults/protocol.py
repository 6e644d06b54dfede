"""uvicorn's HTTP protocol on a wire that can fail. While no fault is set it does what uvicorn does."""

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from services.central_mock.faults.domain import Mode
from services.central_mock.faults.wire import Wire

if TYPE_CHECKING:
    from services.central_mock.faults.front import Front


class FaultedProtocol(HttpToolsProtocol):
    """One connection of the centre's API."""

    def __init__(
        self, front: "Front", config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        super().__init__(config=config, server_state=server_state, app_state=app_state)
        self._front = front
        self.number = 0
        self.bytes_in = 0
        self.lost = False
        self.wire: Wire

    @property
    def busy(self) -> bool:
        """Whether a request has begun and its answer is not whole."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        self.wire = Wire(transport)
        super().connection_made(self.wire)
        self._front.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._front.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.bytes_in += len(data)
        super().data_received(data)
        if self._front.fault is not None and self._front.fault.mode is Mode.RESET:
            # After the request's task has had its turn, which writes down whose request it was.
            self.loop.call_soon(self.wire.reset, Mode.RESET)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["connection"] = self

    def timeout_keep_alive_handler(self) -> None:
        """A server that hangs does not tidy up idle connections."""
        if self.wire.fault is None and not self._front.hangs:
            super().timeout_keep_alive_handler()
