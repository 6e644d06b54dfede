"""W3C trace context: taken from a request or a message, passed on to the next."""

import re
import secrets
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$")
_current: ContextVar[str] = ContextVar("traceparent", default="")


def continue_trace(traceparent: str | None) -> str:
    """Take up the caller's trace with a span of our own, or begin one. Returns our traceparent."""
    match = _TRACEPARENT.match(traceparent or "")
    noise = secrets.token_hex(24)  # once: each time is a system call
    trace = match.group(1) if match and match.group(1).strip("0") else noise[16:]
    ours = f"00-{trace}-{noise[:16]}-01"
    _current.set(ours)
    return ours


def in_trace() -> bool:
    """Whether something is being traced here."""
    return bool(_current.get())


def traceparent() -> str:
    """The current traceparent; begins a trace where none is."""
    return _current.get() or continue_trace(None)


def correlation_id() -> str:
    """What one asks the log for: the trace id."""
    return traceparent().split("-")[1]
