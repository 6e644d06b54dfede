"""The HTTP client that every actor of a replayed day uses: one key for a request however often it is sent.

A service that is killed in the middle of the day comes back with its own idea of the time. So the first failure
closes a gate for that service; behind it one task waits for the service and puts its clock (and the centre's
outage) right, and only then the others send their requests again, with the same Idempotency-Key.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx

from services.ektp.errors import CommandFailed
from shared.clock import SystemClock

# Real seconds. One answer may take long on a busy machine; a service that was killed is back long before PATIENCE.
ANSWER_WITHIN = 15.0
PATIENCE = 60.0
PAUSE = 0.1
LINK_REQUIRED = "central-link-required"


class Service(StrEnum):
    """Who is asked. CONTROL is the centre's control port: the replay has no business with its API."""

    QUEUE = "queue_api"
    ENROLMENT = "enrolment_api"
    CONTROL = "central_control"


class ReplayError(CommandFailed):
    """The replay cannot go on; the message is one line for the person who started it."""


class Unreachable(ReplayError):
    """A service did not answer for PATIENCE real seconds."""


class Refused(ReplayError):
    """A service said no."""

    def __init__(self, what: str, status: int, problem: Mapping[str, Any]) -> None:
        kind = str(problem.get("type", ""))
        super().__init__(f"{what}: {status} {problem.get('title', '')}: {problem.get('detail', '')}".strip())
        self.status = status
        self.kind = kind.rsplit(":", 1)[-1]
        self.problem = dict(problem)

    @property
    def needs_link(self) -> bool:
        """Recording is refused because the centre is away and this office must not record without it."""
        return self.kind == LINK_REQUIRED


@dataclass(frozen=True, slots=True)
class Caller:
    """In whose name a request is sent."""

    role: str
    token: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request, with the key it keeps through every repetition."""

    service: Service
    method: str
    path: str
    caller: Caller | None
    arguments: Mapping[str, Any]
    headers: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.service} {self.path}"


class TrioClient:
    """Sends requests to the three services and outlives the death of any of them."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        urls: Mapping[Service, str],
        returned: Callable[[Service], Awaitable[None]],
    ) -> None:
        self._http = http
        self._urls = urls
        self._returned = returned
        self._gates: dict[Service, asyncio.Task[None]] = {}
        self._real = SystemClock()
        self.repeated = 0

    async def get(self, service: Service, path: str, caller: Caller | None = None, **arguments: Any) -> Any:
        """The JSON answer of a GET."""
        response = await self._repeat(Call(service, "GET", path, caller, arguments, {}))
        return response.json()

    async def put(self, service: Service, path: str, caller: Caller, **arguments: Any) -> httpx.Response:
        """The answer of a PUT, which may be repeated by its nature."""
        headers = arguments.pop("headers", {})
        return await self._repeat(Call(service, "PUT", path, caller, arguments, headers))

    async def post(self, service: Service, path: str, caller: Caller, body: Any = None) -> httpx.Response:
        """The answer of a POST under one new Idempotency-Key."""
        arguments = {} if body is None else {"json": body}
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return await self._repeat(Call(service, "POST", path, caller, arguments, headers))

    async def once(self, call: Call) -> httpx.Response:
        """Send it once, past the gate. Raises httpx.TransportError and TimeoutError."""
        headers = dict(call.headers)
        if call.caller:
            headers["Authorization"] = f"Bearer {call.caller.token}"
        async with asyncio.timeout(ANSWER_WITHIN):
            return await self._http.request(
                call.method, self._urls[call.service] + call.path, headers=headers, **call.arguments
            )

    @property
    def waits(self) -> bool:
        """Whether a service is away and everybody waits for it."""
        return any(not gate.done() for gate in self._gates.values())

    async def close(self) -> None:
        """End what waits for services that may never come back."""
        for gate in self._gates.values():
            gate.cancel()
        await asyncio.gather(*self._gates.values(), return_exceptions=True)

    async def _repeat(self, call: Call) -> httpx.Response:
        give_up = self._real.now().timestamp() + PATIENCE
        while True:
            await self._pass_gate(call.service)
            try:
                response = await self.once(call)
            except (httpx.TransportError, TimeoutError):
                self._close_gate(call.service)
            else:
                if not _try_again(response):
                    return _accepted(call, response)
            if self._real.now().timestamp() > give_up:
                raise Unreachable(f"{call}: no answer for {PATIENCE:g} s")
            self.repeated += 1
            await self._real.sleep(PAUSE)

    async def _pass_gate(self, service: Service) -> None:
        if gate := self._gates.get(service):
            await asyncio.shield(gate)

    def _close_gate(self, service: Service) -> None:
        gate = self._gates.get(service)
        if gate is None or gate.done():
            self._gates[service] = asyncio.create_task(self._bring_back(service), name=f"gate {service}")

    async def _bring_back(self, service: Service) -> None:
        probe = Call(service, "GET", "/health/live", None, {}, {})
        give_up = self._real.now().timestamp() + PATIENCE
        while True:
            try:
                if (await self.once(probe)).status_code == httpx.codes.OK:
                    return await self._returned(service)
            except (httpx.TransportError, TimeoutError):
                pass
            if self._real.now().timestamp() > give_up:
                raise Unreachable(f"{service} did not come back within {PATIENCE:g} s")
            await self._real.sleep(PAUSE)


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _try_again(response: httpx.Response) -> bool:
    """Whether the service asks for a repetition: it cannot just now, or works on this key already."""
    kind = str(_problem(response).get("type", "")) if response.is_error else ""
    if response.status_code == httpx.codes.CONFLICT:
        return kind.endswith("idempotency-key-in-use")
    busy = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE}
    return response.status_code in busy and not kind.endswith(LINK_REQUIRED)


def _accepted(call: Call, response: httpx.Response) -> httpx.Response:
    if response.is_error:
        raise Refused(str(call), response.status_code, _problem(response))
    return response
