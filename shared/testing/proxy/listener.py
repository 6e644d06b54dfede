"""A TCP proxy that is one hop of the network: it carries bytes until it is told to do something wrong."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from shared.testing.proxy.connection import Connection
from shared.testing.proxy.faults import Counts, Cut, Direction, Fault, Faults, Swallow, Unanswered
from shared.testing.proxy.unanswered import BACKLOG, FullQueue

# While the process has no more files to open, connections wait in the kernel's queue.
NO_FILES_PAUSE = 0.05


def _say_nothing(_text: str) -> None:
    return


class Proxy:
    """Lives in one event loop and is used from it; `Network` gives it a thread and a door for everybody else."""

    def __init__(
        self,
        upstream: tuple[str, int],
        *,
        port: int,
        seed: int = 0,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.upstream = upstream
        self.port = port
        self.faults = Faults(seed)
        self.counts = Counts()
        self.changed = asyncio.Event()
        self._say = say or _say_nothing
        self._socket: socket.socket | None = None
        self._accepting = False
        self._full: FullQueue | None = None
        self._running: dict[asyncio.Task[None], Connection] = {}
        self._turns: dict[Direction, float] = {}

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        listening = socket.socket()
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setblocking(False)
            listening.bind(("127.0.0.1", self.port))
            listening.listen(BACKLOG)
        except BaseException:
            listening.close()
            raise
        self._socket = listening
        self._accept_from_now()

    async def close(self) -> None:
        """Reset what is open and let go of the port."""
        await self._answer_again()
        self._stop_accepting()
        await self.reset()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def cause(self, fault: Fault) -> None:
        """Turn a fault on; when this returns, it is."""
        self.faults.cause(fault)
        if isinstance(fault, Cut):
            if await self._answer_again():
                self._accept_from_now()
            await self._cut(fault)
        if isinstance(fault, Unanswered) and self._accepting and self._socket is not None:
            self._stop_accepting()
            self._full = FullQueue(self._socket, self._knocks)
        self._say(f"caused {fault}")
        self._announce()

    async def heal(self, kind: type[Fault] | None = None) -> None:
        """Turn one kind of fault off, or all of them; the way is as good as new when this returns."""
        was = [fault.kind for fault in self.faults.on if kind is None or isinstance(fault, kind)]
        self.faults.heal(kind)
        if Swallow.__name__ in was:
            await self._end([task for task, connection in self._running.items() if connection.lost_bytes])
        if Unanswered.__name__ in was and await self._answer_again():
            self._accept_from_now()
        if Cut.__name__ in was and self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.listen(BACKLOG)
            self._accept_from_now()
        if was:
            self._say(f"healed {', '.join(was)}")
        self._announce()

    async def reset(self) -> int:
        """Reset every connection that is open; how many there were."""
        count = await self._end(list(self._running))
        if count:
            self.counts.acted["reset"] += count
            self._say(f"reset {count} connections")
        return count

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the faults change."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.changed.wait()

    def turn(self, direction: Direction, takes: float) -> float:
        """Queue for the thin line: seconds until a piece that takes so long is through."""
        now = asyncio.get_running_loop().time()
        through = max(now, self._turns.get(direction, 0.0)) + takes
        self._turns[direction] = through
        return through - now

    async def _cut(self, fault: Cut) -> None:
        """Refuse and keep the port: a listening socket that is shut down stays bound, and may listen again."""
        if not self._accepting or self._socket is None:
            return
        self._stop_accepting()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 0
        )  # nobody else may have it meanwhile
        if count := await self._end(list(self._running)):
            self.counts.acted[fault.kind] += count

    async def _answer_again(self) -> bool:
        """Whether nobody was answered until now."""
        if self._full is None:
            return False
        full, self._full = self._full, None
        await full.end()
        return True

    def _knocks(self, count: int) -> None:
        self.counts.acted[Unanswered.__name__] += count

    def _accept_from_now(self) -> None:
        """By a callback and no task: a task that is cancelled may have a connection in its hand, and lose it."""
        if self._socket is not None:
            self._accepting = True
            asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)

    def _stop_accepting(self) -> None:
        if self._socket is not None and self._accepting:
            self._accepting = False
            asyncio.get_running_loop().remove_reader(self._socket)

    def _accept(self, listening: socket.socket) -> None:
        try:
            client, _ = listening.accept()
        except BlockingIOError:
            return
        except OSError:
            self._stop_accepting()
            asyncio.get_running_loop().call_later(NO_FILES_PAUSE, self._accept_again)
            return
        self.counts.connections += 1
        try:
            connection = Connection(self.counts.connections, client, self)
        except OSError:  # no file left for the other half
            client.close()
            return
        task = asyncio.create_task(connection.run())
        self._running[task] = connection
        self.counts.open = len(self._running)
        task.add_done_callback(self._ended)

    def _accept_again(self) -> None:
        if self._faults_allow():
            self._accept_from_now()

    def _faults_allow(self) -> bool:
        return not any(isinstance(fault, Cut | Unanswered) for fault in self.faults.on)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if connection := self._running.pop(task, None):
            connection.close()
        self.counts.open = len(self._running)
        if not task.cancelled():
            task.result()  # a bug of the proxy's must be heard of

    async def _end(self, tasks: list[asyncio.Task[None]]) -> int:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)

    def _announce(self) -> None:
        self._turns.clear()
        self.changed.set()
        self.changed = asyncio.Event()
