"""Two servers in one process: the API behind a listener that can be closed, and the console."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Iterator

import structlog
import uvicorn
from fastapi import FastAPI

from services.central_mock.app import create_app, create_control_app
from services.central_mock.faults.app import FaultedApp
from services.central_mock.faults.front import Front
from services.central_mock.faults.listener import Listener
from services.central_mock.faults.protocol import FaultedProtocol
from services.central_mock.runtime import CentreRuntime

log = structlog.get_logger()

STOPS_WITHIN = 1
"""Seconds that open requests get after a SIGTERM: so that all is over within three on a busy machine, too."""


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to us: with two servers the second would keep them from the first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _server(app: FaultedApp | FastAPI, *, host: str, port: int, lifespan: bool) -> QuietServer:
    return QuietServer(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http="httptools",
            ws="none",
            lifespan="on" if lifespan else "off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=STOPS_WITHIN,
        )
    )


class CentreServer:
    """Both servers, started and stopped together."""

    def __init__(self, centre: CentreRuntime) -> None:
        settings = centre.settings
        self._centre = centre
        self._front: Front = centre.front
        app = create_app(settings, centre)
        self._api = _server(
            FaultedApp(app, self._front), host=settings.bind_host, port=settings.port, lifespan=True
        )
        self._control = _server(
            create_control_app(centre), host=settings.control_host, port=settings.control_port, lifespan=False
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.stop)
        await self.start()
        gc.collect()
        gc.freeze()  # what is there by now lives as long as the process: no collection looks at it again
        await self.ended()

    async def start(self) -> None:
        """Take connections on both ports. Raises OSError or SystemExit when one of them can't."""
        # No sockets of its own: the listener makes its connections.
        self._tasks = [asyncio.create_task(self._api.serve(sockets=[]), name="api")]
        await self._started(self._api, self._tasks[0])
        try:
            await self._open_front()
            self._tasks.append(asyncio.create_task(self._control.serve(), name="console"))
            await self._started(self._control, self._tasks[1])
        except BaseException:
            self.stop()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            raise

    async def ended(self) -> None:
        """Wait until both have stopped; when one stops, so does the other."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        self.stop()
        await asyncio.gather(*self._tasks)

    @staticmethod
    async def _started(server: uvicorn.Server, task: asyncio.Task[None]) -> None:
        while not server.started:
            if task.done():
                await task
                return
            await asyncio.sleep(0.01)

    async def _open_front(self) -> None:
        settings, config = self._centre.settings, self._api.config
        state, app_state = self._api.server_state, self._api.lifespan.state
        listener = Listener(
            settings.bind_host,
            settings.port,
            lambda: FaultedProtocol(self._front, config, state, app_state),
        )
        await self._front.open(listener)
        log.info("centre.listening", host=settings.bind_host, port=listener.port)

    def stop(self) -> None:
        """Begin to stop: no new connections, hung ones are cut, long polls end."""
        self._centre.results.close()
        self._front.close()
        self._api.should_exit = True
        self._control.should_exit = True
