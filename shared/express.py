"""An express lane for the few calls that everybody waits for: the endpoint, reached without the framework's search.

FastAPI documents the call and defines what it takes; before each request it looks for the route among all others and
solves its dependencies from scratch, which costs more than all the statements of a `complete`. The lane stands in
front of all routes and asks the endpoint's own dependencies directly. It serves endpoints that take only the request,
parts of the path, dependencies that can be asked with the request alone, and a body that may be left out. A body that
the lane can't read is the framework's to judge.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, get_args, get_type_hints

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.params import Depends
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Endpoint = Callable[..., Awaitable[Response]]
Resolver = Callable[[Request], Awaitable[Any]]
ASKED_DIRECTLY = "of_request"
"""Of a dependency that takes more than the request: an `async def of_request(self, request)` of its own, which gives
what FastAPI would have made of it and refuses the same."""
JSON = "application/json"


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


class NotReadAtOnce(Exception):
    """The body is nothing that the lane understands."""


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
        try:
            arguments = {name: await resolve(request) for name, resolve in self._resolvers.items()}
        except NotReadAtOnce:
            await self._route.app(scope, _once_more(await request.body(), receive), send)
            return
        answer: ASGIApp = await self._endpoint(**arguments)
        await answer(scope, receive, send)


def _once_more(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, for one who has not seen it."""
    kept: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def read() -> Message:
        return kept.pop() if kept else await receive()

    return read


def _resolvers(route: APIRoute) -> dict[str, Resolver]:
    hints = get_type_hints(route.endpoint, include_extras=True)
    parameters = inspect.signature(route.endpoint).parameters
    return {name: _resolver(route, each, hints[name]) for name, each in parameters.items()}


def _resolver(route: APIRoute, parameter: inspect.Parameter, hint: Any) -> Resolver:
    name = parameter.name
    if hint is Request:
        return _request
    if hint is str and name in route.param_convertors:
        return _part_of_path(name)
    for extra in get_args(hint)[1:]:
        if isinstance(extra, Depends) and (asked := _asked_directly(extra.dependency)):
            return asked
    if parameter.default is None and name in _body_of(route):
        return _body(TypeAdapter(hint))
    raise TypeError(f"{route.path} can't go by the express lane: {name} is more than the request")


def _body_of(route: APIRoute) -> list[str]:
    return [each.name for each in route.dependant.body_params]


def _asked_directly(dependency: Any) -> Resolver | None:
    if asked := getattr(dependency, ASKED_DIRECTLY, None):
        resolver: Resolver = asked
        return resolver
    takes = [each.annotation for each in inspect.signature(dependency).parameters.values()]
    called = dependency if inspect.isfunction(dependency) else type(dependency).__call__
    return dependency if takes == [Request] and inspect.iscoroutinefunction(called) else None


async def _request(request: Request) -> Request:
    return request


def _part_of_path(name: str) -> Resolver:
    async def part(request: Request) -> Any:
        return request.path_params[name]

    return part


def _body(adapter: TypeAdapter[Any]) -> Resolver:
    async def read(request: Request) -> Any:
        body = await request.body()
        if not body:
            return None
        if request.headers.get("content-type") != JSON:
            raise NotReadAtOnce
        try:
            return adapter.validate_json(body)
        except ValidationError as error:
            raise NotReadAtOnce from error

    return read
