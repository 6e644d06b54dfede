"""Talking to the centre: one exchange each, under a total deadline, and an answer counts only if it proves itself.

The HTTP library's own timeout is per chunk, so a dripping centre would pass it; a truncated body can be a 200.
So every exchange has one deadline, the body a limit, and a receipt must echo our key and hash and bear the
centre's signature.
"""

import base64
import errno
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from httpx_aiohttp import AiohttpTransport
from pydantic import ValidationError

from services.enrolment_api.delivery.domain import Verdict
from services.enrolment_api.link.domain import Failure
from shared.clock import Clock
from shared.contracts.central import (
    Reconciliation,
    ReconciliationRequest,
    RecordEnvelope,
    Results,
    SignedReceipt,
)
from shared.failpoints import fail_point
from shared.keys import SIGN_PUBLIC
from shared.tracing import traceparent

DEADLINE = 10.0
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
class Exchange:
    """What one exchange came to."""

    verdict: Verdict
    receipt: SignedReceipt | None = None
    failure: Failure | None = None
    retry_after: float | None = None
    reason: str = ""


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


class RequestRefused(Exception):
    """The centre is well and refuses this request; the link has nothing to do with it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the centre refuses with {status}")


class CentreClient:
    """The centre's API as this office uses it."""

    def __init__(
        self, *, base_url: str, clock: Clock, sign_key: Ed25519PublicKey, connections: int = 32
    ) -> None:
        self._clock = clock
        self._sign_key = sign_key
        self._http = httpx.AsyncClient(
            base_url=base_url,
            transport=AiohttpTransport(limits=httpx.Limits(max_connections=connections)),
            timeout=None,  # noqa: S113  # every exchange runs under a total deadline of the clock
            follow_redirects=False,
        )

    @classmethod
    def from_directory(cls, *, base_url: str, clock: Clock, keys_dir: Path) -> "CentreClient":
        """With the centre's public key of this deployment."""
        key = load_pem_public_key((keys_dir / SIGN_PUBLIC).read_bytes())
        assert isinstance(key, Ed25519PublicKey)
        return cls(base_url=base_url, clock=clock, sign_key=key)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def send(self, envelope: RecordEnvelope, packet: bytes) -> Exchange:
        """Hand a record over; the same key and bytes any number of times are one record at the centre."""
        seconds = DEADLINE + len(packet) / SLOWEST_BYTES_PER_SECOND
        try:
            answer = await self._exchange(
                "POST",
                "/central/v1/records",
                seconds,
                files={
                    "envelope": (None, envelope.model_dump_json().encode(), "application/json"),
                    "packet": ("packet.cbor", packet, "application/cbor"),
                },
                headers={"Idempotency-Key": envelope.key, "X-Office": envelope.office},
                point="forwarder.after-send",
            )
        except ExchangeFailed as failed:
            return failed_exchange(failed)
        if answer.status in {200, 201}:
            return self._receipt(answer, envelope.key, envelope.packet_sha256)
        if answer.media_type == PROBLEM and answer.status == 409:
            return Exchange(Verdict.CONFLICT, reason="the centre holds other bytes under this key")
        if answer.media_type == PROBLEM and answer.status in {400, 413, 415, 422}:
            return Exchange(Verdict.REJECTED, reason=f"rejected with {answer.status}")
        return failed_exchange(_not_the_centre(answer))

    async def ask(self, key: str, packet_sha256: str, *, office: str) -> Exchange:
        """Ask for a record's receipt by its key: settles an unknown outcome."""
        try:
            answer = await self._exchange(
                "GET", f"/central/v1/records/{key}", DEADLINE, headers={"X-Office": office}
            )
        except ExchangeFailed as failed:
            return failed_exchange(failed)
        if answer.status == 200:
            return self._receipt(answer, key, packet_sha256)
        if answer.status == 404 and answer.media_type == PROBLEM:
            return Exchange(Verdict.NOT_THERE)
        return failed_exchange(_not_the_centre(answer))

    async def probe(self) -> Exchange:
        """Ask whether the centre is up."""
        try:
            answer = await self._exchange("GET", "/central/v1/health", DEADLINE)
        except ExchangeFailed as failed:
            return failed_exchange(failed)
        if answer.status == 200 and answer.media_type == "application/json":
            return Exchange(Verdict.ACCEPTED)
        return failed_exchange(_not_the_centre(answer))

    async def results(self, *, offices: list[str], after: str, wait: float) -> Results:
        """The centre's decisions after a cursor; waits up to `wait` seconds for one. Raises ExchangeFailed."""
        params: list[tuple[str, str | int | float | bool | None]] = [("office", office) for office in offices]
        params += [("after", after), ("wait", str(int(wait)))]
        answer = await self._exchange("GET", "/central/v1/results", DEADLINE + wait, params=params)
        if answer.status != 200:
            raise _not_the_centre(answer)
        try:
            return Results.model_validate_json(answer.body)
        except ValidationError as error:
            raise ExchangeFailed(Failure.BAD_ANSWER, sent=True) from error

    async def reconcile(self, request: ReconciliationRequest) -> Reconciliation:
        """What the centre and this list of a day do not agree on. Raises ExchangeFailed, RequestRefused."""
        body = request.model_dump_json().encode()
        answer = await self._exchange(
            "POST",
            "/central/v1/reconciliations",
            DEADLINE + len(body) / SLOWEST_BYTES_PER_SECOND,
            content=body,
            headers={"Content-Type": "application/json", "X-Office": request.office},
        )
        if answer.media_type == PROBLEM and 400 <= answer.status < 500 and answer.status != 429:
            raise RequestRefused(answer.status)
        if answer.status != 200:
            raise _not_the_centre(answer)
        try:
            found = Reconciliation.model_validate_json(answer.body)
        except ValidationError as error:
            raise ExchangeFailed(Failure.BAD_ANSWER, sent=True) from error
        asked = {entry.key for entry in request.entries}
        if not asked.issuperset(found.missing) or not asked.issuperset(found.mismatched):
            raise ExchangeFailed(Failure.BAD_ANSWER, sent=True)  # an answer to another question
        return found

    async def _exchange(
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

    def _receipt(self, answer: Answer, key: str, packet_sha256: str) -> Exchange:
        try:
            receipt = SignedReceipt.model_validate_json(answer.body)
            if (receipt.key, receipt.packet_sha256) != (key, packet_sha256):
                raise ValueError("a receipt for another record")
            self._sign_key.verify(base64.b64decode(receipt.signature), receipt.signed_bytes())
        except (ValueError, InvalidSignature):
            return Exchange(
                Verdict.UNKNOWN, failure=Failure.BAD_ANSWER, reason="an answer that proves nothing"
            )
        return Exchange(Verdict.ACCEPTED, receipt=receipt)


async def _read(response: httpx.Response) -> bytes:
    """The body, refused past its limit."""
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > MAX_ANSWER:
            raise ExchangeFailed(Failure.BAD_ANSWER, sent=True)
        chunks.append(chunk)
    return b"".join(chunks)


def _not_the_centre(answer: Answer) -> ExchangeFailed:
    """What an answer says that is none of the centre's contract."""
    if answer.status in {429, 503}:
        return ExchangeFailed(Failure.BUSY, sent=True, retry_after=answer.retry_after)
    if answer.status >= 500:
        return ExchangeFailed(Failure.SERVER_ERROR, sent=True, retry_after=answer.retry_after)
    return ExchangeFailed(Failure.INTERCEPTED, sent=True)


def failed_exchange(failed: ExchangeFailed) -> Exchange:
    """What a failure means for what was being exchanged."""
    verdict = Verdict.UNKNOWN if failed.sent else Verdict.NOT_SENT
    if failed.failure is Failure.BUSY:
        verdict = Verdict.BUSY
    return Exchange(
        verdict, failure=failed.failure, retry_after=failed.retry_after, reason=failed.failure.value
    )


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
