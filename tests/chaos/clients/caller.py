"""A client with manners: a key for each intent, time limits of its own, retries with full jitter, and a history."""

import asyncio
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.chaos.clients.history import History

TRY_SECONDS = 3.0
"""Nobody at a counter watches one request for longer."""
PATIENT = 1e9
"""Asks until there is an answer, or the shift is over."""
FIRST_DELAY, MAX_DELAY = 0.1, 1.0
STILL_RUNNING = "urn:ektp:problem:idempotency-key-in-use"


@dataclass(frozen=True)
class Told:
    """How an intent ended for the client."""

    outcome: str
    status: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    replayed: bool = False

    @property
    def ok(self) -> bool:
        return self.outcome == "ok"


@dataclass
class Shift:
    """The working time all clients share: afterwards nobody begins anything, and a little later nobody waits."""

    patience_ends: float = float("inf")
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def over(self) -> bool:
        return self._ended.is_set()

    def end(self, grace: float) -> None:
        """Begin nothing new; what is begun may go on for so many seconds."""
        self._ended.set()
        self.patience_ends = time.monotonic() + grace

    async def pause(self, seconds: float | None = None) -> bool:
        """So many seconds, or until the shift is over; whether it goes on."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        return not self._ended.is_set()


@dataclass
class Caller:
    """One person's way to the services: several addresses for one service are its replicas."""

    who: str
    token: str
    ways: Mapping[str, Sequence[str]]
    http: aiohttp.ClientSession
    history: History
    dice: random.Random
    shift: Shift

    async def post(
        self,
        what: str,
        to: str,
        path: str,
        body: Any = None,
        *,
        patience: float = PATIENT,
        key: str = "",
        **about: Any,
    ) -> Told:
        """Something that changes the world: the same key for every try, a new one unless it is given."""
        key = key or self.new_key()
        headers = {"Idempotency-Key": key}
        return await self.do(what, "POST", to, path, about, headers=headers, json=body, patience=patience)

    def new_key(self) -> str:
        """An Idempotency-Key, for one intent."""
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    async def get(self, what: str, service: str, path: str, **about: Any) -> Told:
        """A look, given up after a few seconds: it can be had again."""
        return await self.do(what, "GET", service, path, about, headers={}, patience=TRY_SECONDS * 2)

    async def do(
        self,
        what: str,
        method: str,
        service: str,
        path: str,
        about: dict[str, Any],
        *,
        patience: float,
        headers: dict[str, str],
        **request: Any,
    ) -> Told:
        """One intent, in the history from before the first byte to what is known at last."""
        if "Authorization" not in headers:
            headers = headers | {"Authorization": f"Bearer {self.token}"}
        known = about | {"key": headers["Idempotency-Key"]} if "Idempotency-Key" in headers else about
        number = self.history.invoke(self.who, what, known)
        gives_up = time.monotonic() + patience
        tries = unanswered = 0
        while time.monotonic() < min(gives_up, self.shift.patience_ends):
            tries += 1
            told = await self._try(method, service, path, headers, request)
            if told is not None and told.status < 500 and not _must_wait(told):
                # what was refused while an earlier try is on its way may still be done by that one
                outcome = "ok" if told.status < 300 else ("info" if unanswered else "fail")
                told = Told(outcome, told.status, told.body, told.replayed)
                self.history.end(
                    number, outcome, status=told.status, answer=told.body, tries=tries, unanswered=unanswered,
                    replayed=told.replayed,
                )  # fmt: skip
                return told
            unanswered += told is None or told.status >= 500
            await asyncio.sleep(self.dice.uniform(0.0, min(MAX_DELAY, FIRST_DELAY * 2.0 ** min(tries, 10))))
        self.history.end(number, "info", tries=tries, unanswered=unanswered)
        return Told("info")

    async def _try(
        self, method: str, service: str, path: str, headers: dict[str, str], request: dict[str, Any]
    ) -> Told | None:
        url = self.dice.choice(self.ways[service]) + path
        try:
            async with (
                asyncio.timeout(TRY_SECONDS),
                self.http.request(method, url, headers=headers, **request) as answer,
            ):
                body = await answer.json(content_type=None) if answer.status != 204 else {}
                replayed = answer.headers.get("Idempotency-Replayed") == "true"
                return Told("", answer.status, body if isinstance(body, dict) else {}, replayed)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None


def _must_wait(told: Told) -> bool:
    """The service asks for patience, or is still busy with the try before."""
    return told.status == 429 or (told.status == 409 and told.body.get("type") == STILL_RUNNING)
