"""Errors as classes, rendered as RFC 9457 problem+json in one place.

Problem                    what every refusal is
├── InvalidInput 422       fields named by JSON pointers
├── NotSignedIn 401        no token, an expired one, one we did not sign
├── NotPermitted 403       signed in, but not for this
├── NotFound 404           unknown here, or another office's
├── IllegalAction 409      not from this state; names the state and what is allowed
├── Conflict 409           the request meets something that is already so
├── TooLarge 413, UnsupportedMedia 415
├── TooMany 429, Unavailable 503   both with Retry-After
"""

import http
from collections.abc import Iterable
from typing import Any, ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from shared.database import DatabaseUnavailable
from shared.logs import without_nik
from shared.tracing import correlation_id

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """What is wrong with one field: a JSON pointer and a sentence."""

    pointer: str
    detail: str


class ProblemBody(BaseModel):
    """The answer to a request that was refused (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    correlation_id: str
    errors: list[FieldError] = []


class Problem(Exception):
    """A refusal. Subclasses say status, type and title; the instance says the detail."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "about:blank"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Iterable[FieldError] = (),
        retry_after: int | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or (type(self).__doc__ or self.title).strip().splitlines()[0]
        self.errors = list(errors)
        self.headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self.extensions = extensions


class InvalidInput(Problem):
    """The request can't be read as what this call takes."""

    status, type, title = 422, "invalid-input", "Invalid input"

    @classmethod
    def field(cls, pointer: str, detail: str) -> "InvalidInput":
        """One field is wrong."""
        return cls(detail, errors=[FieldError(pointer=pointer, detail=detail)])


class NotSignedIn(Problem):
    """A valid token is needed."""

    status, type, title = 401, "not-signed-in", "Not signed in"

    def __init__(self, detail: str = "", **extensions: Any) -> None:
        super().__init__(detail, **extensions)
        self.headers = {"WWW-Authenticate": "Bearer"}


class NotPermitted(Problem):
    """Your role does not allow this."""

    status, type, title = 403, "not-permitted", "Not permitted"


class NotFound(Problem):
    """Nothing is known here by that name."""

    status, type, title = 404, "not-found", "Not found"


class Conflict(Problem):
    """The request meets something that is already so."""

    status, type, title = 409, "conflict", "Conflict"


class IllegalAction(Conflict):
    """The state does not allow this action."""

    type, title = "illegal-action", "Not allowed in this state"

    def __init__(self, action: str, state: str, allowed: Iterable[str]) -> None:
        actions = sorted(allowed)
        super().__init__(
            f"'{action}' is not possible while the state is {state}; possible: {', '.join(actions) or 'nothing'}",
            state=state,
            allowed_actions=actions,
        )


class TooLarge(Problem):
    """The body is larger than this call takes."""

    status, type, title = 413, "too-large", "Too large"


class UnsupportedMedia(Problem):
    """The body is not of a type this call takes."""

    status, type, title = 415, "unsupported-media-type", "Unsupported media type"


class TooMany(Problem):
    """More requests than this office may send."""

    status, type, title = 429, "too-many-requests", "Too many requests"


class Unavailable(Problem):
    """Something this call needs is down; try again with the same key."""

    status, type, title = 503, "unavailable", "Unavailable"


PROBLEM_ANSWERS: dict[int | str, dict[str, Any]] = {
    code: {
        "description": http.HTTPStatus(code).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
    }
    for code in (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503)
}


def render(request: Request, problem: Problem) -> JSONResponse:
    """The problem as its answer."""
    body = ProblemBody(
        type=f"urn:ektp:problem:{problem.type}" if problem.type != "about:blank" else problem.type,
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        instance=without_nik(request.url.path),
        correlation_id=correlation_id(),
        errors=problem.errors,
        **problem.extensions,
    )
    return JSONResponse(body.model_dump(mode="json"), problem.status, problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Turn every error of the app into problem+json; the unexpected is answered by Observability."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(DatabaseUnavailable, _database)
    app.add_exception_handler(DBAPIError, _unstorable)


async def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return render(request, error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    if any(each["loc"] == ("body",) and each["type"] != "missing" for each in error.errors()):
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            return render(request, UnsupportedMedia("This call takes application/json"))
    fields = [
        # never the input itself: it may hold a NIK, as may the name of a field that was made up
        FieldError(pointer=without_nik(_pointer(each["loc"])), detail=without_nik(str(each["msg"])))
        for each in error.errors()
    ]
    return render(request, InvalidInput("Some fields are missing or wrong", errors=fields))


def _pointer(location: Iterable[str | int]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = error.status_code
    content = ProblemBody(
        type="about:blank",
        title=http.HTTPStatus(status).phrase,
        status=status,
        detail=str(error.detail),
        instance=without_nik(request.url.path),
        correlation_id=correlation_id(),
    )
    return JSONResponse(content.model_dump(mode="json"), status, error.headers, media_type=MEDIA_TYPE)


async def _gone(request: Request, _error: Exception) -> JSONResponse:
    """A client that goes away in the middle of its body is no bug of ours; nobody reads this answer."""
    return await _http(request, HTTPException(400, "The request ended before it was whole"))


async def _database(request: Request, error: Exception) -> JSONResponse:
    log.error("database.unavailable", reason=str(error))
    return render(request, Unavailable("The database can't take this now; nothing was stored", retry_after=5))


async def _unstorable(request: Request, error: Exception) -> JSONResponse:
    """PostgreSQL refuses texts with NUL, too long ones and numbers out of range that SQLite takes."""
    assert isinstance(error, DBAPIError)
    beyond = isinstance(getattr(error.orig, "__cause__", None), ValueError)
    if beyond or str(getattr(error.orig, "sqlstate", "") or "").startswith("22"):
        return render(
            request, InvalidInput("A value is too long, too large or has a character that can't be stored")
        )
    raise error


def unexpected(request: Request, error: Exception) -> JSONResponse:
    """The answer to what nobody foresaw; what it was stands in the log."""
    log.error("request.failed", exc_info=error)
    return render(request, Problem("Something went wrong here; it was logged under the correlation id"))
