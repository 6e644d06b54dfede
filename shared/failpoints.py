"""Named points at which a process can be made to die, to fail or to freeze: nothing at all unless it was asked for.

`EKTP_FAILPOINTS` is read once, as this module is imported. Without it `fail_point` is a function that does nothing,
`fail_point_after` gives the function back that it was given, and the hottest path asks `ASKED`. With it,

    EKTP_FAILPOINTS=relay.after-confirm              the process kills itself (-9) there, the first time
    EKTP_FAILPOINTS=complete.after-commit:3=raise    an error, the third time
    EKTP_FAILPOINTS=forwarder.before-send=pause      it stops (SIGSTOP) until somebody sends SIGCONT
    EKTP_FAILPOINTS=@failpoints                      whatever stands in that file of EKTP_HOME, now or later

Several are separated by commas, and each acts once. Of a file, an order that has acted is taken out and written to
`failpoints.fired`: started again, the process does not die again, and the harness sees what really happened.
"""

import inspect
import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

VARIABLE = "EKTP_FAILPOINTS"
POINTS: Final[dict[str, str]] = {
    "complete.before-commit": "a record is complete in a transaction that is not on disk",
    "complete.after-commit": "it is on disk, and the officer has no answer",
    "database.before-commit": "whatever was asked is done, and none of it is on disk",
    "database.after-commit": "it is on disk, and nobody knows",
    "relay.before-publish": "an event waits in the outbox and was read",
    "relay.after-publish": "the broker has confirmed one event of a batch, others are on their way",
    "relay.after-confirm": "the broker has confirmed a batch, and the outbox does not know",
    "relay.after-mark": "the outbox knows",
    "consumer.before-commit": "an event has taken effect in a transaction that is not on disk",
    "consumer.after-commit": "its effect is on disk, and the broker does not know",
    "consumer.after-ack": "the broker was told",
    "inbox.before-commit": "the same for an event that had to wait for its turn or for another attempt",
    "forwarder.before-send": "a record is claimed, and nothing was sent",
    "forwarder.after-send": "the centre has begun to answer, and nothing of it was read",
    "forwarder.after-ask": "the centre has said by a record's key whether it has it",
    "forwarder.before-receipt-commit": "the receipt is kept in a transaction that is not on disk",
    "forwarder.after-receipt-commit": "the receipt is on disk, and the link does not know of the exchange",
    "results.before-commit": "the centre's decisions are applied in a transaction that is not on disk",
    "results.after-commit": "they are on disk, with the cursor",
    "centre.before-commit": "the centre has taken a record over in a transaction that is not on disk",
    "centre.after-commit": "it is on the centre's disk, and no receipt has left",
    "centre.before-decision-commit": "the centre has decided in a transaction that is not on disk",
    "centre.after-decision-commit": "its decision is on disk, and nobody was told",
}
"""Every point there is, with what is so when a process comes by. A test kills at each of them."""

_ORDER = re.compile(r"(?P<point>[a-z-]+\.[a-z-]+)(:(?P<nth>[1-9]\d*))?(=(?P<act>[a-z]+))?")


class FailPointReached(Exception):
    """What `raise` raises."""


class Act(StrEnum):
    """What becomes of a process that comes by."""

    KILL = "kill"
    RAISE = "raise"
    PAUSE = "pause"


@dataclass(frozen=True)
class Order:
    """Act at a point when it is passed for the nth time."""

    point: str
    nth: int = 1
    act: Act = Act.KILL

    def __str__(self) -> str:
        return f"{self.point}:{self.nth}={self.act}"


def read_orders(text: str) -> list[Order]:
    """What the text asks for. Raises ValueError, also for a point that there is not."""
    return [_read_order(each.strip()) for each in text.split(",") if each.strip()]


def _read_order(text: str) -> Order:
    found = _ORDER.fullmatch(text)
    if found is None or found["point"] not in POINTS:
        raise ValueError(f"no fail point {text!r}; there are {', '.join(POINTS)}")
    try:
        return Order(found["point"], int(found["nth"] or 1), Act(found["act"] or Act.KILL))
    except ValueError as error:
        raise ValueError(f"{text!r} asks for none of {', '.join(Act)}") from error


def check(text: str) -> None:
    """Raise ValueError for orders that can't be read; a file is read when it is there."""
    if not text.startswith("@"):
        read_orders(text)


class FailPoints:
    """The orders of one process and how often each point was passed; called at every point."""

    def __init__(self, orders: list[Order], file: Path | None = None) -> None:
        self._orders = list(orders)
        self._file = file
        self._seen: tuple[int, int] | None = None
        self._passed: dict[str, int] = {}

    @classmethod
    def asked_for(cls, text: str, home: Path) -> "FailPoints":
        """By the variable's text. Raises ValueError."""
        check(text)
        return cls([], home / text[1:]) if text.startswith("@") else cls(read_orders(text))

    def __call__(self, point: str) -> None:
        """The process comes by."""
        self._read_again()
        if not self._orders:
            return
        self._passed[point] = self._passed.get(point, 0) + 1
        for order in self._orders:
            if order.point == point and order.nth == self._passed[point]:
                self._orders.remove(order)
                self._note(order)
                _act(order)
                return

    def _read_again(self) -> None:
        if self._file is None:
            return
        try:
            found = self._file.stat()
        except FileNotFoundError:
            self._seen, self._orders = None, []
            return
        if self._seen != (found.st_mtime_ns, found.st_ino):
            self._seen = (found.st_mtime_ns, found.st_ino)
            self._orders, self._passed = read_orders(self._file.read_text()), {}

    def _note(self, order: Order) -> None:
        """Before anything happens: afterwards there may be nobody to do it."""
        if self._file is None:
            return
        with self._file.with_suffix(".fired").open("a") as fired:
            fired.write(f"{order}\n")
        left = self._file.with_suffix(".left")
        left.write_text(",".join(map(str, self._orders)))
        left.replace(self._file)
        found = self._file.stat()
        self._seen = (found.st_mtime_ns, found.st_ino)


def _act(order: Order) -> None:
    if order.act is Act.RAISE:
        raise FailPointReached(order.point)
    os.kill(os.getpid(), signal.SIGKILL if order.act is Act.KILL else signal.SIGSTOP)


def _asked() -> FailPoints | None:
    text = os.environ.get(VARIABLE, "")
    if not text or os.environ.get("EKTP_PROFILE") == "production":  # settings refuse it there
        return None
    return FailPoints.asked_for(text, Path(os.environ.get("EKTP_HOME", ".run")))


def _nothing(_point: str) -> None:
    """Where nobody asked."""


_points = _asked()
ASKED: Final = _points is not None
fail_point: Final[Callable[[str], None]] = _points or _nothing


def fail_point_after(point: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Come by this point whenever the function has returned; the function itself where nobody asked."""
    if _points is None:
        return lambda function: function
    return passing(_points, point)


def passing(points: Callable[[str], None], point: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """The decorator where somebody asked."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def asynchronous(*args: P.args, **kwargs: P.kwargs) -> Any:
                result = await function(*args, **kwargs)
                points(point)
                return result

            return cast(Callable[P, T], asynchronous)

        @wraps(function)
        def synchronous(*args: P.args, **kwargs: P.kwargs) -> T:
            result = function(*args, **kwargs)
            points(point)
            return result

        return synchronous

    return decorate
