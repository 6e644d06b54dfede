"""Idempotency-Key: the first answer is stored in the transaction of the work, so it survives a crash with it.

Same key and body give the first answer again, another body 422, a request that still runs 409. Only answers of
work that was done are kept: a refusal changed nothing and may be tried again with the same key.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Header, Request, Response
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel
from sqlmodel import Session

from shared.database import connection_of
from shared.prepared import Prepared
from shared.problems import Conflict, InvalidInput
from shared.runtime import Runtime, runtime_of
from shared.tables import idempotency

# The claim of one replica ends with its transaction; SQLite has one process and one writer.
CLAIM = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:wanted, 0))")
FIND = Prepared(
    sa.select(idempotency.c.fingerprint, idempotency.c.status, idempotency.c.body).where(
        idempotency.c.key == sa.bindparam("wanted")
    )
)
STORE = Prepared(sa.insert(idempotency), columns=("key", "fingerprint", "status", "body", "at"))
JSON = "application/json"
HEADER = "Idempotency-Key"
LONGEST_KEY = 200

UseCase = Callable[[Session], BaseModel | None]


class KeyStillRunning(Conflict):
    """A request with this Idempotency-Key is still being worked on."""

    type, title = "idempotency-key-in-use", "Still running"


class KeyReused(InvalidInput):
    """This Idempotency-Key was used for another request."""

    type, title = "idempotency-key-reused", "Key used for another request"


class InFlight:
    """The keys this process is working on."""

    def __init__(self) -> None:
        self.keys: set[str] = set()


class Mutation:
    """A changing request: runs its use case once, however often it is sent."""

    def __init__(self, runtime: Runtime, in_flight: InFlight, key: str | None, fingerprint: str) -> None:
        self._runtime = runtime
        self._in_flight = in_flight
        self._key = key
        self._fingerprint = fingerprint

    async def answer(self, use_case: UseCase, *, status: int = 200) -> Response:
        """Run `use_case` in one transaction and answer its result as JSON; None answers 204."""
        if self._key is None:
            return _response(*await self._runtime.database.write(lambda s: _work(s, use_case, status)))
        if self._key in self._in_flight.keys:
            raise KeyStillRunning
        self._in_flight.keys.add(self._key)
        try:
            return await self._once(self._key, use_case, status)
        finally:
            self._in_flight.keys.discard(self._key)

    async def _once(self, key: str, use_case: UseCase, status: int) -> Response:
        now = self._runtime.clock.now()

        def work(session: Session) -> tuple[int, bytes, bool]:
            connection = connection_of(session)
            if connection.dialect.name == "postgresql" and not connection.scalar(CLAIM, {"wanted": key}):
                raise KeyStillRunning
            known = FIND.first(session, {"wanted": key})
            if known is not None:
                if known.fingerprint != self._fingerprint:
                    raise KeyReused
                return known.status, bytes(known.body), True
            code, body, _ = _work(session, use_case, status)
            STORE.run(
                session,
                {"key": key, "fingerprint": self._fingerprint, "status": code, "body": body, "at": now},
            )
            return code, body, False

        return _response(*await self._runtime.database.write(work))


def _work(session: Session, use_case: UseCase, status: int) -> tuple[int, bytes, bool]:
    result = use_case(session)
    if result is None:
        return 204, b"", False
    return status, result.model_dump_json().encode(), False


def _response(status: int, body: bytes, replayed: bool) -> Response:
    headers = {"Idempotency-Replayed": "true"} if replayed else None
    return Response(body, status, headers, media_type=JSON if body else None)


class Mutations:
    """The dependency of every POST that makes or changes something."""

    async def __call__(
        self,
        request: Request,
        key: Annotated[
            str | None,
            Header(alias=HEADER, min_length=1, max_length=LONGEST_KEY, description="Makes a retry safe"),
        ] = None,
    ) -> Mutation:
        """The request's mutation, its key checked by the framework."""
        runtime = runtime_of(request)
        if key is None:
            return Mutation(runtime, request.app.state.in_flight, None, "")
        # the scope's own bytes: making a URL of them costs as much as a statement
        path, query = request.scope["raw_path"], request.scope["query_string"]
        fingerprint = hashlib.sha256(
            b"\n".join((request.method.encode(), path, query, await request.body()))
        ).hexdigest()
        return Mutation(
            runtime, request.app.state.in_flight, f"{_caller(request, runtime)}:{key}", fingerprint
        )

    async def of_request(self, request: Request) -> Mutation:
        """The same without the framework (see `shared.express`). Raises InvalidInput."""
        key = request.headers.get(HEADER)
        if key is not None and not 0 < len(key) <= LONGEST_KEY:
            raise InvalidInput.field(f"/header/{HEADER}", f"must have 1 to {LONGEST_KEY} characters")
        return await self(request, key)


def _caller(request: Request, runtime: Runtime) -> str:
    """Keys of two callers never meet: a digest, so that no subject can look like another's with its key."""
    _, token = get_authorization_scheme_param(request.headers.get("Authorization"))
    return _digest(runtime.verifier.verify(token).subject if token else "")


@lru_cache(maxsize=1024)
def _digest(subject: str) -> str:
    return hashlib.sha256(subject.encode()).hexdigest()[:32]


CurrentMutation = Annotated[Mutation, Depends(Mutations())]
