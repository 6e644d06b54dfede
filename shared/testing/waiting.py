"""Waiting for a condition instead of for a time: no test is slower, or less sure, than what it waits for."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")
EVERY = 0.02


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], *, within: float = 10.0, saying: str = ""
) -> T: ...


@overload
async def eventually(condition: Callable[[], T], *, within: float = 10.0, saying: str = "") -> T: ...


async def eventually(condition: Callable[[], Any], *, within: float = 10.0, saying: str = "") -> Any:
    """The first truthy answer of `condition` (sync or async); an AssertionError in it counts as "not yet"."""
    deadline = time.monotonic() + within
    while True:
        last: object
        try:
            answer = condition()
            value = await answer if inspect.isawaitable(answer) else answer
            if value:
                return value
            last = value
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(_unmet(condition, within, saying, last))
        await asyncio.sleep(EVERY)


def wait_until(condition: Callable[[], T], *, within: float = 10.0, saying: str = "") -> T:
    """`eventually` for tests without an event loop."""
    deadline = time.monotonic() + within
    while True:
        last: object
        try:
            value = condition()
            if value:
                return value
            last = value
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(_unmet(condition, within, saying, last))
        time.sleep(EVERY)


def _unmet(condition: Callable[[], object], within: float, saying: str, last: object) -> str:
    what = saying or getattr(condition, "__qualname__", repr(condition))
    return f"not within {within:g} s: {what}; last answer: {last!r}"
