"""Latency: a request waits before the centre looks at it, and is looked at though its client has given up."""

import asyncio
import math
from statistics import NormalDist

from starlette.types import Message, Receive

from services.central_mock.faults.front import Front
from services.central_mock.faults.rules.ruling import Fired, Ruling
from services.central_mock.faults.specs.kinds import Stage
from services.central_mock.faults.specs.socket import Latency, Spread

LOOKS_EVERY = 0.25
"""Real seconds after which a delay looks whether the clock runs at another speed."""
MOST_KEPT = 64 * 1024 * 1024
"""Bytes of a body; what is longer is not read before the delay."""


def seconds_of(spec: Latency, share: float) -> float:
    """How long, for a number in [0, 1) of the dice."""
    if spec.spread is Spread.UNIFORM:
        seconds = spec.seconds + spec.jitter * (2 * share - 1)
    elif spec.spread is Spread.LOGNORMAL:
        normal = NormalDist().inv_cdf(min(max(share, 1e-12), 1 - 1e-12))
        seconds = spec.seconds * math.exp(spec.jitter * normal)
    else:
        seconds = spec.seconds
    return min(max(seconds, 0.0), spec.longest)


async def delay(front: Front, ruling: Ruling, receive: Receive) -> Receive:
    """Wait for all delays of a request together; what it sent meanwhile comes out of the answer."""
    waits = []
    for each in ruling.at(Stage.DELAY):
        if isinstance(each.spec, Latency):
            ruling.fired(each)
            waits.append((each, seconds_of(each.spec, each.roll("latency"))))
    if not waits:
        return receive
    kept = await _read(receive)
    await _wait(front, waits)

    async def again() -> Message:
        return kept.pop(0) if kept else await receive()

    return again


async def _wait(front: Front, waits: list[tuple[Fired, float]]) -> None:
    """In passed time of the clock; a delay whose rule has ended is over."""
    loop, passed = asyncio.get_running_loop(), 0.0
    while (left := sum(seconds for fired, seconds in waits if front.is_on(fired)) - passed) > 0:
        speed, began = front.clock.speed, loop.time()
        try:
            async with asyncio.timeout(min(left / speed, LOOKS_EVERY)):
                await front.news.wait()
        except TimeoutError:
            pass
        passed += (loop.time() - began) * speed


async def _read(receive: Receive) -> list[Message]:
    """The whole request, which must be here before its client may be gone."""
    messages, size = [], 0
    while size <= MOST_KEPT:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    return messages
