"""An express lane for the few calls that everybody waits for: the endpoint, reached without the framework's search.

FastAPI documents the call and defines what it takes; before each request it looks for the route among all others and
solves its dependencies from scratch, which costs more than all the statements of a `complete`. The lane stands in
front of all routes and asks the endpoint's own dependencies directly. It serves endpoints that take only the request,
parts of the path, and dependencies that can be asked with the request alone.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, get_args, get_type_hints

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

Endpoint = Callable[..., Awaitable[Response]]
Resolver = Callable[[Request], Awaitable[Any]]
ASKED_DIRECTLY = "of_request"
"""A dependency's own `async def of_request(self, request)`: what FastAPI would have made of it, same refusals."""


def open_express_lane(app: FastAPI, routers: Sequence[APIRouter], endpoint: Endpoint) -> None:
    """Serve this endpoint of one of the routers before all routes. Raises TypeError when it takes anything else."""
    route = next(
        each
        for router in routers
        for each in router.routes
        if isinstance(each, APIRoute) and each.endpoint is endpoint
    )
    lane = Route(
        route.path,
        Lane(route),
        methods=sorted(route.methods or ()),
        include_in_schema=False,
    )
    app.router.routes.insert(0, lane)


class Lane:
    """One endpoint as an ASGI app."""

    def __init__(self, route: APIRoute) -> None:
        self._route = route
        self._endpoint: Endpoint = route.endpoint
        self._resolvers = _resolvers(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["route"] = self._route
        request = Request(scope, receive, send)
        arguments = {name: await resolve(request) for name, resolve in self._resolvers.items()}
        answer: ASGIApp = await self._endpoint(**arguments)
        await answer(scope, receive, send)


def _resolvers(route: APIRoute) -> dict[str, Resolver]:
    hints = get_type_hints(route.endpoint, include_extras=True)
    names = inspect.signature(route.endpoint).parameters
    return {name: _resolver(route, name, hints[name]) for name in names}


def _resolver(route: APIRoute, name: str, hint: Any) -> Resolver:
    if hint is Request:
        return _request
    if hint is str and name in route.param_convertors:
        return _part_of_path(name)
    for extra in get_args(hint)[1:]:
        if isinstance(extra, Depends) and hasattr(extra.dependency, ASKED_DIRECTLY):
            asked: Resolver = getattr(extra.dependency, ASKED_DIRECTLY)
            return asked
    raise TypeError(f"{route.path} can't go by the express lane: {name} is more than the request")


async def _request(request: Request) -> Request:
    return request


def _part_of_path(name: str) -> Resolver:
    async def part(request: Request) -> Any:
        return request.path_params[name]

    return part
