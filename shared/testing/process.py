"""A process under the harness's thumb: killed, frozen and started when the test says so, and by nobody else."""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from shared.processes import ends_with_parent
from shared.testing.signals import deliver
from shared.testing.timeline import Timeline

READY_WITHIN = 60.0
POLL = 0.05


class ProcessFailed(AssertionError):
    """A process did not come up; the message ends with its last words."""


class Process:
    """One command, started as often as needed; its environment may change between starts.

    Start it from a thread that lives as long as the process should, the main one: the kernel ends it with that thread,
    however the test ends.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        timeline: Timeline,
        ready: Callable[[], Awaitable[bool]],
        url: str = "",
        direct_url: str = "",
    ) -> None:
        """`url` is the clients' way to it, `direct_url` the harness's own past every proxy."""
        self.name = name
        self.argv = list(argv)
        self.environment = dict(environment)
        self.log = log
        self.url = url
        self.direct_url = direct_url or url
        self.starts = 0
        self.ended_by_itself = 0
        """How often it ended though nobody had killed it."""
        self.is_frozen = False
        self._timeline = timeline
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._ended_by_us: set[int] = set()
        timeline.follow(name, log)

    @property
    def pid(self) -> int | None:
        """The running process, None when there is none."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def is_running(self) -> bool:
        """Whether there is a process, frozen or not."""
        return self.pid is not None

    def is_wanted(self) -> bool:
        """Whether it was started and not ended by the harness: wanted and not running, it has died by itself."""
        return self._wanted

    def spawn(self) -> None:
        """Start it and return at once; does nothing when it runs."""
        if self.is_running():
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                ends_with_parent(self.argv),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1
        self._wanted = True
        self._timeline.note(self.name, f"started, process {self._process.pid}")
        threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()

    async def wait_ready(self, within: float = READY_WITHIN) -> None:
        """Until it answers. Raises ProcessFailed when it ends or the seconds are over."""
        deadline = time.monotonic() + within
        while not await self._ready():
            if not self.is_running():
                raise ProcessFailed(f"{self.name} ended before it was ready: {self.last_words()}")
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{self.name} is not ready within {within:g} s: {self.last_words()}")
            await asyncio.sleep(POLL)
        self._timeline.note(self.name, "ready")

    async def start(self, within: float = READY_WITHIN) -> None:
        """Start it and wait until it answers."""
        self.spawn()
        await self.wait_ready(within)

    async def restart(self, within: float = READY_WITHIN) -> None:
        """Kill -9 and start."""
        self.kill()
        await self.start(within)

    def kill(self) -> None:
        """End it at once and everything in its group (kill -9); when this returns it is gone."""
        self._wanted = False
        if self._process is not None and self.is_running():
            self._ended_by_us.add(self._process.pid)
            self._timeline.note(self.name, "killed (-9)", fault="killed")
            self.is_frozen = False
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """Freeze it (SIGSTOP): its connections stay open and answer nothing."""
        self._signal(signal.SIGSTOP, "stopped (SIGSTOP)", fault="stopped")
        self.is_frozen = self.is_running()

    def cont(self) -> None:
        """Thaw it (SIGCONT)."""
        if self.is_frozen:
            self._signal(signal.SIGCONT, "continued (SIGCONT)")
            self.is_frozen = False

    async def terminate(self, within: float = 10.0) -> int:
        """End it in order (SIGTERM), by force after so many seconds; its exit code."""
        self._wanted = False
        process = self._process
        if process is None:
            return 0
        self._ended_by_us.add(process.pid)
        self._signal(signal.SIGTERM, "asked to end (SIGTERM)")
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, within)
        self.kill()
        return process.wait()

    def last_words(self, lines: int = 5) -> str:
        """The end of its log."""
        if not self.log.exists():
            return "it wrote nothing"
        return " / ".join(self.log.read_text(errors="replace").strip().split("\n")[-lines:])[-2000:]

    def _signal(self, number: signal.Signals, what: str, *, fault: str = "") -> None:
        if (pid := self.pid) is not None:
            self._timeline.note(self.name, what, fault=fault)
            deliver(pid, number)

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        if process.pid not in self._ended_by_us:
            self.ended_by_itself += 1
            how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
            self._timeline.note(self.name, f"ended by itself {how}")
