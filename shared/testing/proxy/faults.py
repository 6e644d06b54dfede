"""What the way between two processes can do wrong, as data: what is caused, repeated by a seed and shown."""

import random
from collections import Counter
from dataclasses import dataclass, field, fields
from enum import StrEnum


class Direction(StrEnum):
    """Seen from who opened the connection: what it sends, and what it is sent."""

    REQUESTS = "requests"
    ANSWERS = "answers"


BOTH = (Direction.REQUESTS, Direction.ANSWERS)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong with the way, from the moment it is caused until it is healed."""

    directions: tuple[Direction, ...] = BOTH
    share: float = 1.0
    """The share of connections it befalls, drawn for each by the proxy's seed."""
    times: int | None = None
    """How often it acts at most; None is without end."""

    @property
    def kind(self) -> str:
        """Its name in counts and timelines."""
        return type(self).__name__

    def __str__(self) -> str:
        """With what differs from its defaults."""
        told = [
            (each.name, getattr(self, each.name))
            for each in fields(self)
            if getattr(self, each.name) != each.default
        ]
        return f"{self.kind}({', '.join(f'{name}={_plain(value)}' for name, value in told)})"


@dataclass(frozen=True, kw_only=True)
class Cut(Fault):
    """What is open is reset, what is new is refused by the kernel."""


@dataclass(frozen=True, kw_only=True)
class Unanswered(Fault):
    """Who connects hears nothing, neither yes nor no; what is open goes on. It befalls everybody, at all times."""


@dataclass(frozen=True, kw_only=True)
class Stall(Fault):
    """Nothing moves: what was sent waits (64 kB in the proxy, the rest at the sender), what is new is taken."""


@dataclass(frozen=True, kw_only=True)
class Slow(Fault):
    """A thin line. Its bytes per second are shared by all connections; latency is paid for each chunk."""

    bytes_per_second: float | None = None
    latency: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Swallow(Fault):
    """Bytes are thrown away and nobody is told; a connection that lost some is reset when this is healed."""


@dataclass(frozen=True, kw_only=True)
class LoseAnswers(Fault):
    """The request arrives and is done; its answer is thrown away as it comes, and both sides are reset."""


@dataclass(frozen=True, kw_only=True)
class ResetAfter(Fault):
    """Each connection is reset once it has carried so many bytes, in the middle of whatever it carries."""

    carried: int = 0


def _plain(value: object) -> str:
    return "+".join(value) if isinstance(value, tuple) else str(value)


@dataclass
class Counts:
    """What really happened on a hop: a fault that never acted proves nothing."""

    connections: int = 0
    open: int = 0
    unreachable: int = 0
    """Connections reset because nobody listened behind the proxy."""
    carried: Counter[Direction] = field(default_factory=Counter)
    """Bytes that arrived."""
    acted: Counter[str] = field(default_factory=Counter)
    """By the fault's kind: connections cut or reset, chunks held, slowed or lost."""


class Faults:
    """The faults that are on, with their dice."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._on: dict[str, Fault] = {}
        self._caused = 0
        self._left: dict[str, int] = {}

    def cause(self, fault: Fault) -> None:
        """Turn one on; another of its kind is replaced."""
        self._caused += 1
        self._on[fault.kind] = fault
        self._left.pop(fault.kind, None)
        if fault.times is not None:
            self._left[fault.kind] = fault.times

    def heal(self, kind: type[Fault] | None = None) -> None:
        """Turn one kind off, or all."""
        for name in [kind.__name__] if kind else list(self._on):
            self._on.pop(name, None)

    @property
    def on(self) -> list[Fault]:
        """What is wrong now."""
        return list(self._on.values())

    def befalls(self, kind: type[Fault], connection: int, direction: Direction) -> Fault | None:
        """The fault of that kind if it concerns this connection and direction now."""
        fault = self._on.get(kind.__name__)
        if fault is None or direction not in fault.directions or self._left.get(fault.kind, 1) < 1:
            return None
        if fault.share < 1.0:
            dice = random.Random(f"{self._seed}/{fault.kind}/{self._caused}/{connection}")
            return fault if dice.random() < fault.share else None
        return fault

    def spend(self, fault: Fault) -> None:
        """It acted once."""
        if fault.kind in self._left:
            self._left[fault.kind] -= 1
