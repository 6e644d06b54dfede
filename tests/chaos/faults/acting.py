"""What every fault of a run has: a beginning, an end, and proof that it acted."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

import httpx

from shared.testing.cluster import Cluster
from tests.chaos.setup import Setup

TRIES, PAUSE = 10, 0.5


@dataclass(frozen=True)
class Planned:
    """One fault of a schedule: when, what, to whom, for how long."""

    number: int
    at: float
    kind: str
    target: str
    lasts: float
    parts: tuple[str, ...]
    """What it has to itself meanwhile."""
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        more = f" {dict(self.detail)}" if self.detail else ""
        return f"{self.at:7.2f} s  {self.kind:<20} {self.target:<20} for {self.lasts:.2f} s{more}"


@dataclass(frozen=True)
class Option:
    """One way in which a kind of fault can fall."""

    target: str
    parts: tuple[str, ...]
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Stage:
    """What faults are done to."""

    trio: Cluster
    console: httpx.AsyncClient
    """The centre's console, signed in as ops."""


class Acting(Protocol):
    """A fault that falls."""

    async def begin(self) -> None:
        """Let it fall."""

    async def acted(self) -> int:
        """How often it has really done something since."""

    async def end(self) -> None:
        """Take it away."""


@dataclass(frozen=True)
class Kind:
    """A row of the table of faults."""

    name: str
    weight: float
    lasts: tuple[float, float]
    """Seconds, from and to."""
    options: Callable[[Setup], list[Option]]
    make: Callable[[Stage, Planned], Acting]
    pause: float = 0.0
    """Seconds for which its parts are left alone afterwards: who was killed has to start."""


class Counted:
    """Proof by a counter of the harness, which counts where a fault acts."""

    def __init__(self, stage: Stage, who: str, what: str) -> None:
        self._trio, self._key = stage.trio, (who, what)
        self._before = self._trio.acted[self._key]

    def since(self) -> int:
        """How often it has acted since this was made."""
        return self._trio.acted[self._key] - self._before


async def in_thread(work: Callable[[], Any]) -> Any:
    """Something of the harness that takes a while, beside the clients."""
    return await asyncio.to_thread(work)


async def turn(trio: Cluster, name: str, by: timedelta) -> None:
    """Let a process's clock jump; it may be busy with what waited for it."""
    for left in range(TRIES - 1, -1, -1):
        try:
            await trio.turn_clock(name, by)
            return
        except httpx.HTTPError:
            if not left:
                raise
        await asyncio.sleep(PAUSE)
