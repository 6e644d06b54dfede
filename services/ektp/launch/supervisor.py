"""Keeps the trio running: starts the broker and the services, says what happens, restarts what dies, stops all.

Everything it starts ends with it. In order: within 10 s after Ctrl-C. By force: the kernel kills the children of a
supervisor that was killed itself.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from services.ektp.errors import CommandFailed
from services.ektp.launch.backoff import Backoff
from services.ektp.launch.broker import bring_up
from services.ektp.launch.child import Child
from services.ektp.launch.lines import Lines
from services.ektp.launch.specs import ServiceSpec
from services.ektp.launch.state import RunningService, TrioState, forget_state
from shared.messaging.node import BrokerFailed, BrokerNode

READY_WITHIN = 90.0
# Deaths before a service was ready for the first time after which starting it again is no use.
HOPELESS_AFTER = 3
# Together under the 10 s that Ctrl-C may take. The broker ends last, so that the services can finish their work.
SERVICES_STOP_WITHIN, BROKER_STOP_WITHIN = 4.0, 4.0
POLL = 0.1


@dataclass(frozen=True)
class Surroundings:
    """What the trio's state file tells about it besides the processes."""

    home: Path
    keys_dir: Path
    broker_url: str
    central_control_url: str


class Supervisor:
    """One trio from start to stop, in one event loop."""

    def __init__(
        self,
        specs: Iterable[ServiceSpec],
        surroundings: Surroundings,
        lines: Lines,
        node: BrokerNode | None = None,
    ) -> None:
        self.children = [Child(spec, lines.say) for spec in specs]
        self.node = node
        self._around = surroundings
        self._lines = lines
        self._stopping = asyncio.Event()
        self._failure: CommandFailed | None = None
        self._announced = False
        self._tasks: list[asyncio.Task[None]] = []
        self._client = httpx.AsyncClient(timeout=2.0, trust_env=False)

    async def run(self, on_ready: Callable[[TrioState], None]) -> None:
        """Start, call `on_ready` once everything answers, stay until a signal. Raises CommandFailed."""
        self._listen_to_signals()
        try:
            self._spawn(self._start(on_ready), "start")
            await self._stopping.wait()
        finally:
            await self._stop()
        if self._failure is not None:
            raise self._failure

    def state(self) -> TrioState:
        """Where everything is now."""
        return TrioState(
            supervisor_pid=os.getpid(),
            home=self._around.home,
            keys_dir=self._around.keys_dir,
            broker_url=self._around.broker_url,
            broker_pid=self.node.pid if self.node else None,
            broker_pids=self.node.pids if self.node else [],
            central_control_url=self._around.central_control_url,
            services={
                child.spec.name: RunningService(
                    url=child.spec.url, pid=child.pid, restarts=max(child.starts - 1, 0)
                )
                for child in self.children
            },
        )

    async def _start(self, on_ready: Callable[[TrioState], None]) -> None:
        self._say(f"starting {', '.join(child.spec.name for child in self.children)}")
        for child in self.children:
            await child.start()
            self._spawn(self._keep(child), f"keep {child.spec.name}")
        try:
            async with asyncio.timeout(READY_WITHIN):
                await asyncio.gather(
                    self._broker_ready(), *(self._until_ready(child) for child in self.children)
                )
        except TimeoutError:
            late = ", ".join(child.spec.name for child in self.children if not child.ready)
            raise CommandFailed(
                f"Not ready within {READY_WITHIN:g} s: {late}; the lines above say why"
            ) from None
        on_ready(self.state())
        self._announced = True
        self._save_state()  # last: whoever sees the file may rely on everything above

    async def _broker_ready(self) -> None:
        """The services start beside the broker: they are made to do without it for a while."""
        if self.node is not None:
            try:
                await bring_up(self.node, self._say, READY_WITHIN)
            except BrokerFailed as error:
                raise CommandFailed(str(error)) from error
            self._spawn(self._keep_broker(self.node), "keep broker")

    async def _keep(self, child: Child) -> None:
        """Start the service again whenever it ends, later each time it ends soon."""
        loop, backoff, started = asyncio.get_running_loop(), Backoff(), asyncio.get_running_loop().time()
        while True:
            how = await child.ended()
            if self._stopping.is_set():
                return
            was_ready, child.ready = child.ready, False
            delay = backoff.after(loop.time() - started)
            if not was_ready and not self._announced and backoff.quick_deaths >= HOPELESS_AFTER:
                raise CommandFailed(
                    f"{child.spec.name} died {HOPELESS_AFTER} times before it was ready; it {how}"
                )
            self._say(f"{child.spec.name} {how}; starting it again in {delay:g} s")
            await asyncio.sleep(delay)
            started = loop.time()
            await child.start()
            self._save_state()
            if self._announced:
                self._spawn(self._say_when_back(child, child.starts), f"{child.spec.name} back")

    async def _say_when_back(self, child: Child, start: int) -> None:
        await self._until_ready(child, lambda: child.starts == start)
        if child.ready:
            self._say(f"{child.spec.name} is ready again")

    async def _keep_broker(self, node: BrokerNode) -> None:
        """The same for the broker node; the services do without it in the meantime."""
        loop, backoff, started = asyncio.get_running_loop(), Backoff(), asyncio.get_running_loop().time()
        while True:
            while node.is_running():  # noqa: ASYNC110  # a process gives no event
                await asyncio.sleep(POLL)
            delay = backoff.after(loop.time() - started)
            self._say(f"the RabbitMQ node ended; starting it again in {delay:g} s")
            await asyncio.sleep(delay)
            started = loop.time()
            try:
                await bring_up(node, self._say, READY_WITHIN)
                self._say("the RabbitMQ node is ready again")
            except BrokerFailed as error:
                self._say(str(error))
            self._save_state()

    async def _until_ready(self, child: Child, meant: Callable[[], bool] = lambda: True) -> None:
        """Wait until the service answers; give up when it is no longer the start that was `meant`."""
        while meant():
            try:
                answer = await self._client.get(child.spec.ready_url)
            except httpx.HTTPError:
                pass
            else:
                # A service that died a moment ago may have answered: only a living process is ready.
                if answer.status_code == httpx.codes.OK and child.pid is not None:
                    child.ready = True
                    return
            await asyncio.sleep(POLL)

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(child.stop(SERVICES_STOP_WITHIN) for child in self.children))
        if self.node is not None:
            await asyncio.to_thread(self.node.stop, BROKER_STOP_WITHIN)
        await self._client.aclose()
        forget_state(self._around.home)
        self._say("everything is stopped")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a side task; its failure stops the trio and is what `run` raises."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._on_done)
        self._tasks.append(task)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        if self._failure is None:
            self._failure = (
                error if isinstance(error, CommandFailed) else CommandFailed(f"{task.get_name()}: {error}")
            )
        self._stopping.set()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        if self._stopping.is_set():  # asked twice: at once
            for child in self.children:
                child.kill()
            if self.node is not None:
                self.node.kill()
            return
        self._say("stopping")
        self._stopping.set()

    def _save_state(self) -> None:
        if self._announced:
            self.state().save()

    def _say(self, text: str) -> None:
        self._lines.say("ektp", text)
