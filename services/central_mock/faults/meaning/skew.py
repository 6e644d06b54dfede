"""The centre's clock as a request sees it: right, unless a fault puts it off."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.central_mock.faults.rules.ruling import NOTHING
from services.central_mock.faults.specs.meaning import ClockSkew

RIGHT = timedelta(0)


class SkewedClock:
    """Pure ASGI middleware: puts the `Date` header off, and says by how much to whoever tells a time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Costs a look-up where no rule was drawn."""
        state = scope.get("state", {})
        ruling = state.get("ruling", NOTHING)
        if ruling is not NOTHING and (skew := ruling.takes(ClockSkew)) is not None:
            state["skew"] = timedelta(seconds=skew.seconds)
            _put_date_off(scope, state["skew"])
        await self._app(scope, receive, send)


def skew_of(request: Request) -> timedelta:
    """By how much the centre's clock is off for this request."""
    off = request.scope.get("state", {}).get("skew", RIGHT)
    assert isinstance(off, timedelta)
    return off


def told_time(at: datetime, off: timedelta) -> datetime:
    """A time as a clock shows it that is so much off; as near as there is at the ends of time."""
    try:
        return at + off
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if off > RIGHT else datetime.min.replace(tzinfo=UTC)


def _put_date_off(scope: Scope, off: timedelta) -> None:
    """The server adds `Date` itself, beneath the app, from headers that all connections share."""
    connection = scope["state"].get("connection")
    cycle = getattr(connection, "cycle", None)
    if cycle is None or cycle.scope is not scope:
        return
    cycle.default_headers = [
        (name, _later(value, off) if name == b"date" else value) for name, value in cycle.default_headers
    ]


def _later(date: bytes, off: timedelta) -> bytes:
    return format_datetime(told_time(parsedate_to_datetime(date.decode()), off), usegmt=True).encode()
