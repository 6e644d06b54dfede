"""A service's app: the routes of its capabilities inside what all services share."""

import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from sqlalchemy.exc import DBAPIError
from uvicorn.lifespan.on import LifespanOn

from shared import problems
from shared.body_limit import BodyLimit
from shared.clock_control import router as clock_router
from shared.clock_file import restore_clock
from shared.database import DatabaseUnavailable
from shared.express import Endpoint, open_express_lane
from shared.idempotency import InFlight
from shared.links import Links, document_links
from shared.observability import Observability
from shared.runtime import CurrentRuntime, Runtime
from shared.settings import Profile

log = structlog.get_logger()

Lifespan = Callable[[Runtime], AbstractAsyncContextManager[None]]

# uvicorn's own exit code
STARTUP_FAILED = 3

NO_LINKS: Links = {}
MAX_BODY = 1024 * 1024
"""Bytes; far more than any JSON of ours."""

health_router = APIRouter(tags=["health"])


@health_router.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@health_router.get("/health/ready", responses={503: {"description": "Something this service needs is down"}})
async def ready(runtime: CurrentRuntime) -> JSONResponse:
    """Each dependency and background task: its state and since when."""
    return JSONResponse(runtime.health.report(), 200 if runtime.health.ready else 503)


@health_router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Prometheus text."""
    runtime: Runtime = request.app.state.runtime
    return Response(runtime.metrics.exposition(), media_type="text/plain; version=0.0.4")


def build_app(
    *,
    title: str,
    description: str,
    runtime: Runtime,
    lifespan: Lifespan,
    routers: list[APIRouter],
    max_body: int = MAX_BODY,
    clock_control: bool = True,
    express: Sequence[Endpoint] = (),
    links: Links = NO_LINKS,
) -> FastAPI:
    """Put a service together; `lifespan` runs its background tasks around the requests.

    `express` are the endpoints that everybody waits for (see `shared.express`).
    `links` say in the document what follows from which answer (see `shared.links`).
    No body of more than `max_body` bytes is read, whatever the call.
    """

    @asynccontextmanager
    async def whole_life(_app: FastAPI) -> AsyncIterator[None]:
        if runtime.settings.profile is Profile.DEMO:
            restore_clock(runtime.clock_file, runtime.clock)
        try:
            async with lifespan(runtime):
                yield
        finally:
            await runtime.database.close()

    app = FastAPIOffline(  # an office without a line to the world still reads /docs
        redoc_url=None,
        title=title,
        description=description,
        version="1",
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
        },  # Observability does it; asked for each request
        lifespan=whole_life,
        responses=problems.PROBLEM_ANSWERS,
    )
    app.state.runtime = runtime
    app.state.in_flight = InFlight()
    problems.install(app)
    app.add_middleware(BodyLimit, most=max_body)
    app.add_middleware(Observability, metrics=runtime.metrics)
    for router in [*routers, health_router]:  # looked through in this order for each request
        app.include_router(router)
    if clock_control and runtime.settings.profile is Profile.DEMO:
        app.include_router(clock_router)
    for endpoint in express:
        open_express_lane(app, routers, endpoint)
    _document_problems(app)
    document_links(app, links)
    return app


def _document_problems(app: FastAPI) -> None:
    """Put the shape of a problem into the OpenAPI document's components."""
    plain = app.openapi

    def with_problems() -> dict[str, Any]:
        document = plain()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        body = problems.ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(body.pop("$defs", {}))
        schemas["ProblemBody"] = body
        return document

    app.openapi = with_problems  # type: ignore[method-assign]  # FastAPI's documented way to extend it


class _Lifespan(LifespanOn):
    """Says in a line why a start failed, where the database is why; a bug keeps its traceback."""

    async def send(self, message: Any) -> None:
        error = sys.exc_info()[1]
        if message["type"] == "lifespan.startup.failed" and isinstance(
            error, DatabaseUnavailable | DBAPIError
        ):
            reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
            log.error("service.not_started", reason=reason)
            message = {**message, "message": ""}
        await super().send(message)


class _Server(uvicorn.Server):
    """Lets the app end what it keeps open, so that it need not be cut."""

    def __init__(self, config: uvicorn.Config, before_closing: Callable[[], None]) -> None:
        super().__init__(config)
        self._before_closing = before_closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen. What is there by now lives as long as the process: no collection looks at it again."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, finish those that are open."""
        self._before_closing()
        await super().shutdown(sockets)


def serve(app: FastAPI, *, host: str, port: int, before_closing: Callable[[], None] = lambda: None) -> None:
    """Run until SIGTERM; `before_closing` ends open streams, those left are cut after two seconds."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=2,
        server_header=False,
        proxy_headers=False,
    )
    config.load()
    config.lifespan_class = _Lifespan
    server = _Server(config, before_closing)
    with suppress(KeyboardInterrupt):  # raised again by uvicorn after it has stopped
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILED)
