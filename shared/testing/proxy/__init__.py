"""A small TCP proxy for any hop (HTTP, AMQP, PostgreSQL) that can be cut, stalled, slowed, reset and robbed."""

from shared.testing.proxy.faults import (
    BOTH,
    Counts,
    Cut,
    Direction,
    Fault,
    LoseAnswers,
    ResetAfter,
    Slow,
    Stall,
    Swallow,
    Unanswered,
)
from shared.testing.proxy.listener import Proxy
from shared.testing.proxy.network import Hop, Network

__all__ = [
    "BOTH",
    "Counts",
    "Cut",
    "Direction",
    "Fault",
    "Hop",
    "LoseAnswers",
    "Network",
    "Proxy",
    "ResetAfter",
    "Slow",
    "Stall",
    "Swallow",
    "Unanswered",
]
