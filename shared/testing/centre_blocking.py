"""The client of the centre's console for tests without an event loop.

with BlockingCentre(control_url, token) as centre, centre.offline("HANG"):
    ...
"""

import asyncio
import sys
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

from shared.sample.records import SampleRecord
from shared.testing.centre import CentreClient, Spec

T = TypeVar("T")


class BlockingCentre:
    """`CentreClient`, each call waited for. `run` is for the calls that have no method here."""

    def __init__(self, control_url: str, token: str = "", **more: Any) -> None:
        self._runner = asyncio.Runner()
        self.asynchronous = self.run(_made(control_url, token, more))

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        """Wait for a call of `asynchronous`."""
        return self._runner.run(call)

    def __enter__(self) -> Self:
        self.run(self.asynchronous.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.run(self.asynchronous.__aexit__(kind, error, trace))
        finally:
            self._runner.close()

    @contextmanager
    def fault(self, what: str | Spec, **said: Any) -> Iterator[str]:
        """A fault, on while the block runs; its name."""
        with self._block(self.asynchronous.fault(what, **said)) as fault:
            yield fault.name

    @contextmanager
    def offline(self, mode: str = "REFUSE", **more: Any) -> Iterator[None]:
        """The whole centre away while the block runs."""
        with self._block(self.asynchronous.offline(mode, **more)):
            yield

    @contextmanager
    def scenario(self, name: str, **more: Any) -> Iterator[None]:
        """A scenario, running while the block does."""
        with self._block(self.asynchronous.scenario(name, **more)):
            yield

    @contextmanager
    def _block(self, block: AbstractAsyncContextManager[T]) -> Iterator[T]:
        entered = self.run(_entered(block))
        try:
            yield entered
        except BaseException:
            self.run(_left(block, *sys.exc_info()))
            raise
        self.run(_left(block, None, None, None))

    def fired(self, name: str) -> int:
        """How often a rule acted."""
        return self.run(self.asynchronous.fired(name))

    def assert_fired(self, name: str, times: int | None = None) -> None:
        """That a rule acted."""
        self.run(self.asynchronous.assert_fired(name, times))

    def assert_verified(self, believed: Iterable[str | Mapping[str, Any]], **about: Any) -> None:
        """That each is at the centre, once, with its own bytes."""
        self.run(self.asynchronous.assert_verified(believed, **about))

    def journal(self, **wanted: Any) -> list[dict[str, Any]]:
        """All matching entries."""
        return self.run(self.asynchronous.journal(**wanted))

    def record(self, **about: Any) -> SampleRecord:
        """A record that the centre takes."""
        return self.run(self.asynchronous.record(**about))

    def reset(self) -> None:
        """Forget everything."""
        self.run(self.asynchronous.reset())


async def _made(control_url: str, token: str, more: Mapping[str, Any]) -> CentreClient:
    return CentreClient(control_url, token, **more)


async def _entered(block: AbstractAsyncContextManager[T]) -> T:
    return await block.__aenter__()


async def _left(block: AbstractAsyncContextManager[Any], *why: Any) -> None:
    await block.__aexit__(*why)
