"""One service as a child process: spawned in its own group, its output read line by line, ended in order."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

from services.ektp.launch.specs import ServiceSpec
from shared.processes import ends_with_parent

LONGEST_LINE = 64 * 1024


class Child:
    """The process of one spec, started as often as needed."""

    def __init__(self, spec: ServiceSpec, say: Callable[[str, str], None]) -> None:
        self.spec = spec
        self.starts = 0
        self.ready = False
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The running process, None when there is none."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Spawn the process. Ctrl-C in the terminal reaches the supervisor only, our death reaches the child."""
        self.starts += 1
        self._process = await asyncio.create_subprocess_exec(
            *ends_with_parent(self.spec.argv),
            env=dict(self.spec.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._reader = asyncio.create_task(self._read(self._process.stdout), name=f"{self.spec.name} log")

    async def ended(self) -> str:
        """Wait for the end of the process and say how it ended."""
        assert self._process is not None
        code = await self._process.wait()
        await self._read_rest()
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    async def stop(self, within: float) -> None:
        """Ask the process to end; after `within` seconds end it and everything in its group."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), within)
        except TimeoutError:
            self._say("ektp", f"{self.spec.name} did not end within {within:g} s and is killed")
            self.kill()
            await process.wait()
        await self._read_rest()

    async def _read_rest(self) -> None:
        if self._reader is not None:
            with contextlib.suppress(TimeoutError):  # a grandchild may hold the pipe open
                await asyncio.wait_for(asyncio.shield(self._reader), 1.0)

    def kill(self) -> None:
        """End the process and its group at once."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def _read(self, stream: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await stream.read(LONGEST_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._show(line)
            if len(rest) > LONGEST_LINE:
                self._show(rest)
                rest = b""
        if rest:
            self._show(rest)

    def _show(self, line: bytes) -> None:
        self._say(self.spec.name, line.decode(errors="replace").rstrip("\r"))
