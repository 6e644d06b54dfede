"""One HTTP exchange with the centre: a total deadline, a limited body, and what a failure says about the way there.

The HTTP library's own timeout is per chunk, so a dripping centre would pass it.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from services.enrolment_api.link.domain import Failure
from shared.clock import Clock
from shared.failpoints import fail_point
from shared.tracing import traceparent

SLOWEST_BYTES_PER_SECOND = 8_000
"""Half of the 128 kbit/s a kecamatan had: a packet gets the time such a line needs."""
MAX_ANSWER = 4 * 1024 * 1024
PROBLEM = "application/problem+json"

CONNECT_ERRORS = {
    errno.ENETUNREACH: Failure.NO_NETWORK,
    errno.ENETDOWN: Failure.NO_NETWORK,
    errno.EHOSTUNREACH: Failure.NO_ROUTE,
    errno.EHOSTDOWN: Failure.NO_ROUTE,
    errno.ETIMEDOUT: Failure.CONNECT_TIMEOUT,
}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer read whole, within its limit and deadline."""

    status: int
    media_type: str
    retry_after: float | None
    body: bytes


class ExchangeFailed(Exception):
    """No answer that counts. `sent` is False when the request certainly did not leave."""

    def __init__(self, failure: Failure, *, sent: bool, retry_after: float | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.sent = sent
        self.retry_after = retry_after


class Wire:
    """The connections to the centre; every exchange over them has its end."""

    def __init__(self, *, base_url: str, clock: Clock, connections: int = 32) -> None:
        self._clock = clock
        self._http = httpx.AsyncClient(
            base_url=base_url,
            transport=AiohttpTransport(limits=httpx.Limits(max_connections=connections)),
            timeout=None,  # noqa: S113  # every exchange runs under a total deadline of the clock
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def exchange(
        self, method: str, path: str, seconds: float, *, point: str = "", **request: Any
    ) -> Answer:
        """One request and its whole answer within `seconds` of the clock. Raises ExchangeFailed."""
        headers = {"traceparent": traceparent(), **request.pop("headers", {})}
        try:
            async with (
                self._clock.deadline(seconds),
                self._http.stream(method, path, headers=headers, **request) as response,
            ):
                fail_point(point)
                body = await _read(response)
                return Answer(
                    response.status_code,
                    response.headers.get("content-type", "").split(";")[0].strip(),
                    retry_after_seconds(response.headers.get("retry-after"), self._clock.now()),
                    body,
                )
        except TimeoutError as error:
            raise ExchangeFailed(Failure.NO_ANSWER, sent=True) from error
        except (
            httpx.HTTPError,
            aiohttp.ClientError,
            OSError,
        ) as error:  # the transport lets some of its own out
            raise _broken(error) from error


async def _read(response: httpx.Response) -> bytes:
    """The body, refused past its limit."""
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > MAX_ANSWER:
            raise ExchangeFailed(Failure.BAD_ANSWER, sent=True)
        chunks.append(chunk)
    return b"".join(chunks)


def not_the_centre(answer: Answer) -> ExchangeFailed:
    """What an answer says that is none of the centre's contract."""
    if answer.status in {429, 503}:
        return ExchangeFailed(Failure.BUSY, sent=True, retry_after=answer.retry_after)
    if answer.status >= 500:
        return ExchangeFailed(Failure.SERVER_ERROR, sent=True, retry_after=answer.retry_after)
    return ExchangeFailed(Failure.INTERCEPTED, sent=True)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _broken(error: BaseException) -> ExchangeFailed:
    """Tell a dead name, a dead route and a closed port apart (different hops), and all from a lost answer.

    The transport raises ConnectTimeout for a refused port and for a server that hung up after our request alike:
    only the cause beneath says which.
    """
    for cause in _causes(error):
        if isinstance(cause, aiohttp.ClientConnectorDNSError):
            return ExchangeFailed(Failure.NO_NAME, sent=False)
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            return ExchangeFailed(Failure.CONNECT_TIMEOUT, sent=False)
        if isinstance(cause, aiohttp.ClientConnectorError):
            return ExchangeFailed(CONNECT_ERRORS.get(cause.os_error.errno or 0, Failure.REFUSED), sent=False)
        if isinstance(cause, aiohttp.ClientResponseError):
            return ExchangeFailed(Failure.BAD_ANSWER, sent=True)  # bytes that are no HTTP
    return ExchangeFailed(Failure.RESET, sent=True)


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Retry-After in seconds or as a date; None for none and for garbage."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
