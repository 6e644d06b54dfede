"""A service's app: the routes of its capabilities inside what all services share."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from shared import problems
from shared.clock_control import router as clock_router
from shared.clock_file import restore_clock
from shared.idempotency import InFlight
from shared.observability import Observability
from shared.runtime import CurrentRuntime, Runtime
from shared.settings import Profile

Lifespan = Callable[[Runtime], AbstractAsyncContextManager[None]]

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
    *, title: str, description: str, runtime: Runtime, lifespan: Lifespan, routers: list[APIRouter]
) -> FastAPI:
    """Put a service together; `lifespan` runs its background tasks around the requests."""

    @asynccontextmanager
    async def whole_life(_app: FastAPI) -> AsyncIterator[None]:
        if runtime.settings.profile is Profile.DEMO:
            restore_clock(runtime.clock_file, runtime.clock)
        try:
            async with lifespan(runtime):
                yield
        finally:
            await runtime.database.close()

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=whole_life,
        responses=problems.PROBLEM_ANSWERS,
    )
    app.state.runtime = runtime
    app.state.in_flight = InFlight()
    problems.install(app)
    app.add_middleware(Observability, metrics=runtime.metrics)
    for router in [health_router, *routers]:
        app.include_router(router)
    if runtime.settings.profile is Profile.DEMO:
        app.include_router(clock_router)
    _document_problems(app)
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


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Run until SIGTERM; open streams are cut after two seconds."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=2,
        server_header=False,
    )
