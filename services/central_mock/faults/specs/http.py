"""Faults that speak HTTP: what proxies, gateways, portals and broken servers answer."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.central_mock.faults.specs.kinds import Kind, Spec, Stage

Seconds = Annotated[float, Field(ge=0, le=7 * 86_400, description="Seconds of the clock")]


class RetryAfterForm(StrEnum):
    """How `Retry-After` is said."""

    NONE = "NONE"
    SECONDS = "SECONDS"
    DATE = "DATE"
    GARBAGE = "GARBAGE"


class BodyForm(StrEnum):
    """What stands in the body of an answer that the centre did not give."""

    PROBLEM = "PROBLEM"
    HTML = "HTML"
    EMPTY = "EMPTY"


class Http503(Spec):
    """What a load balancer says when nothing is behind it; the centre does not see the request."""

    kind: Literal[Kind.HTTP_503]
    stage: ClassVar = Stage.INSTEAD
    retry_after: Annotated[int, Field(ge=0, le=86_400, description="Seconds")] = 30


class Status(Spec):
    """Any status; the centre does not see the request."""

    kind: Literal[Kind.STATUS]
    stage: ClassVar = Stage.INSTEAD
    status: Annotated[int, Field(ge=200, le=599)]
    retry_after: Annotated[float, Field(ge=0, le=86_400, description="Seconds of the clock")] = 30.0
    retry_after_form: RetryAfterForm = RetryAfterForm.NONE
    body: BodyForm = BodyForm.PROBLEM


class EmptyBody(Spec):
    """The centre does its work and its own status comes back with no body."""

    kind: Literal[Kind.EMPTY_BODY]
    stage: ClassVar = Stage.ANSWER


class MalformedJson(Spec):
    """The centre does its work; its body is not JSON any more, the length is right."""

    kind: Literal[Kind.MALFORMED_JSON]
    stage: ClassVar = Stage.ANSWER


class Truncated(Spec):
    """The centre does its work; only the first part of its body arrives.

    With Content-Length the head promises the whole body and the connection ends early; without it the cut body
    looks whole.
    """

    kind: Literal[Kind.TRUNCATED]
    stage: ClassVar = Stage.ANSWER
    share: Annotated[float, Field(ge=0, lt=1, description="Of the body's bytes that arrive")] = 0.5
    content_length: bool = True


class WrongContentLength(Spec):
    """The centre does its work; the head says this many bytes more (or, negative, fewer) than the body has."""

    kind: Literal[Kind.WRONG_CONTENT_LENGTH]
    stage: ClassVar = Stage.ANSWER
    off_by: Annotated[int, Field(ge=-100_000, le=100_000)] = 10


class CaptivePortal(Spec):
    """200 and a login page, from something that is not the centre."""

    kind: Literal[Kind.CAPTIVE_PORTAL]
    stage: ClassVar = Stage.INSTEAD


class Redirect(Spec):
    """A redirect to somewhere else."""

    kind: Literal[Kind.REDIRECT]
    stage: ClassVar = Stage.INSTEAD
    status: Literal[301, 302, 303, 307, 308] = 302
    location: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")] = (
        "http://portal.invalid/login"
    )


class Unauthorized(Spec):
    """401 in the middle of a run: a certificate or token that is not taken any more."""

    kind: Literal[Kind.UNAUTHORIZED]
    stage: ClassVar = Stage.INSTEAD


class Oversize(Spec):
    """The centre does its work; its answer is followed by this many bytes of white space, length said right."""

    kind: Literal[Kind.OVERSIZE]
    stage: ClassVar = Stage.ANSWER
    leaves_whole: ClassVar = True
    body_bytes: Annotated[int, Field(ge=1, le=256 * 1024 * 1024)] = 8 * 1024 * 1024


class Quota(Spec):
    """So many requests in each window of the clock, counted per office; more get 429 and the window's rest to wait."""

    kind: Literal[Kind.QUOTA]
    stage: ClassVar = Stage.INSTEAD
    requests: Annotated[int, Field(ge=0, le=1_000_000)]
    window_seconds: Annotated[float, Field(gt=0, le=86_400, description="Seconds of the clock")] = 60.0
    retry_after_form: RetryAfterForm = RetryAfterForm.SECONDS


class SlowStart(Spec):
    """After the rule is set the centre takes few requests a second and more with time; those above get 503."""

    kind: Literal[Kind.SLOW_START]
    stage: ClassVar = Stage.INSTEAD
    from_rate: Annotated[float, Field(gt=0, le=10_000, description="Requests per second of the clock")] = 1.0
    to_rate: Annotated[float, Field(gt=0, le=10_000)] = 50.0
    seconds: Seconds = 300.0
    """Until `to_rate` is reached; after that nothing is turned away."""
    retry_after: Annotated[int, Field(ge=0, le=86_400, description="Seconds")] = 5


HttpFault = (
    Http503
    | Status
    | EmptyBody
    | MalformedJson
    | Truncated
    | WrongContentLength
    | CaptivePortal
    | Redirect
    | Unauthorized
    | Oversize
    | Quota
    | SlowStart
)
