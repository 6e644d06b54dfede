"""The network of a test: proxies in a thread of their own, so that a harness that is busy stalls nothing."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import uvloop

from shared.testing.ports import free_port
from shared.testing.proxy.faults import Counts, Fault
from shared.testing.proxy.listener import Proxy

T = TypeVar("T")
ANSWERS_WITHIN = 10.0


class Network:
    """Makes hops. Its methods, and theirs, take milliseconds and may be called from any thread or coroutine."""

    def __init__(self, seed: int = 0, note: Callable[[str, str], None] | None = None) -> None:
        """`note(hop, what)` is told of every fault."""
        self._seed = seed
        self._note = note
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()
        self.hops: dict[str, Hop] = {}

    def hop(self, name: str, to: int | tuple[str, int], *, port: int | None = None) -> "Hop":
        """A new way to a port (of this machine), or to a host and port; clients use the hop's own port."""
        upstream = ("127.0.0.1", to) if isinstance(to, int) else to
        seed = self._seed * 1000 + len(self.hops)
        proxy = Proxy(upstream, port=port or free_port(), seed=seed, say=lambda text: self._say(name, text))
        self._do(proxy.start())
        self.hops[name] = Hop(name, proxy, self._do)
        return self.hops[name]

    def heal(self) -> None:
        """Every hop as good as new."""
        for hop in self.hops.values():
            hop.heal()

    def close(self) -> None:
        """Reset all, let go of the ports, end the thread."""
        if self._loop.is_closed():
            return
        for hop in self.hops.values():
            hop.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWERS_WITHIN)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _say(self, hop: str, text: str) -> None:
        if self._note is not None:
            self._note(hop, text)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWERS_WITHIN)


class Hop:
    """One way between two processes, and what can be done to it."""

    def __init__(self, name: str, proxy: Proxy, do: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self.name = name
        self._proxy = proxy
        self._do = do

    @property
    def port(self) -> int:
        """Where clients connect."""
        return self._proxy.port

    @property
    def url(self) -> str:
        """The same for an HTTP client."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def counts(self) -> Counts:
        """What it carried and which faults really acted."""
        return self._proxy.counts

    @property
    def faults(self) -> list[Fault]:
        """What is wrong with it now."""
        return self._proxy.faults.on

    def cause(self, fault: Fault) -> None:
        """Turn a fault on; when this returns, it is."""
        self._do(self._proxy.cause(fault))

    def heal(self, kind: type[Fault] | None = None) -> None:
        """Turn one kind of fault off, or all of them."""
        self._do(self._proxy.heal(kind))

    @contextmanager
    def broken(self, fault: Fault) -> Iterator[None]:
        """The fault for as long as the block runs."""
        self.cause(fault)
        try:
            yield
        finally:
            self.heal(type(fault))

    def reset(self) -> int:
        """Reset every connection that is open now; how many there were."""
        count: int = self._do(self._proxy.reset())
        return count

    def close(self) -> None:
        """Reset what is open and let go of the port."""
        self._do(self._proxy.close())
