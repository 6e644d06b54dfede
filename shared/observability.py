"""What surrounds every request: the trace, the time it took, one log line (pure ASGI)."""

import time

import structlog
from prometheus_client import Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems
from shared.metrics import Metrics
from shared.tracing import continue_trace

log = structlog.get_logger()

QUIET_ROUTES = {"/health/live", "/health/ready", "/metrics"}


class Observability:
    """Middleware that takes up the trace, measures, and logs by route template (a path may hold a NIK)."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._timers: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and observe its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ours = continue_trace(_given(scope))
        started = time.perf_counter()
        status, begun = 500, False

        async def observed(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                message["headers"] = [*message["headers"], (b"traceparent", ours.encode())]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception as error:
            if begun:
                raise  # the server cuts the connection: half an answer must not look like a whole one
            # Here and not at the framework's outermost layer, which would answer without our trace.
            await problems.unexpected(Request(scope), error)(scope, receive, observed)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _timer(self, method: str, route: str, status: int) -> Histogram:
        """The histogram of these labels, which the library would look for under a lock each time."""
        labels = (method, route, status)
        if labels not in self._timers:
            self._timers[labels] = self._metrics.requests.labels(method, route, str(status))
        return self._timers[labels]

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._timer(scope["method"], route, status).observe(seconds)
        if route in QUIET_ROUTES:
            return
        level = log.warning if status >= 500 else log.debug
        level("http.request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


def _given(scope: Scope) -> str:
    """The caller's traceparent, or nothing."""
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return bytes(value).decode("latin-1")
    return ""
