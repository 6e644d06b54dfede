"""Background tasks under supervision: one that dies is logged, counted, and ends the process to be restarted.

A task that dies silently in the lifespan would leave the service answering `/health` as if nothing were wrong.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

import structlog

from shared.health import Health
from shared.metrics import Metrics

log = structlog.get_logger()

Main = Callable[[], Coroutine[Any, Any, None]]
T = TypeVar("T")
CANCEL_AGAIN = 0.25
LAST_WORDS_SECONDS = 3.0
"""For a task to close what it has open, before it is cancelled once more."""


async def end(tasks: Iterable[asyncio.Task[Any]], *, again: float) -> None:
    """Cancel the tasks until they have ended, once more every `again` seconds.

    A library can take a cancellation for its own and go on: aiormq does when a channel is just opening or closing.
    """
    left = set(tasks)
    # looks at their errors, so that nobody warns of them
    ending = asyncio.gather(*left, return_exceptions=True)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again)
    await ending


async def within(seconds: float, work: Coroutine[Any, Any, T], *, again: float = CANCEL_AGAIN) -> T:
    """What it gives. Raises TimeoutError after that many real seconds, also when it takes cancellations for its own."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        await end({task}, again=again)


def end_process() -> None:
    """Ask this process to stop as its supervisor would."""
    os.kill(os.getpid(), signal.SIGTERM)


class BackgroundTasks:
    """Starts named tasks and watches them until `stop`."""

    def __init__(self, health: Health, metrics: Metrics, on_death: Callable[[], None] = end_process) -> None:
        self._health = health
        self._metrics = metrics
        self._on_death = on_death
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    def start(self, name: str, main: Main) -> None:
        """Run `main` for the life of the service."""
        self._health.set(f"task:{name}", "UP", needed=True)
        task = asyncio.create_task(main(), name=name)
        task.add_done_callback(self._ended)
        self._tasks[name] = task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._stopping:
            return
        name = task.get_name()
        error = None if task.cancelled() else task.exception()
        self._health.set(
            f"task:{name}", "DOWN", needed=True, detail=type(error).__name__ if error else "ended"
        )
        self._metrics.task_deaths.labels(name).inc()
        log.error("task.died", task=name, cancelled=task.cancelled(), exc_info=error)
        self._on_death()

    async def stop(self) -> None:
        """Cancel all and wait for them."""
        self._stopping = True
        await end(self._tasks.values(), again=LAST_WORDS_SECONDS)
