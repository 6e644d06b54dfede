"""A service of a few lines, built as the real ones are, to try what all of them share."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
from fastapi import APIRouter, FastAPI, HTTPException, Response
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.requests import ClientDisconnect

from shared.clock import SystemClock
from shared.database import DatabaseUnavailable, open_database
from shared.health import Health
from shared.idempotency import CurrentMutation
from shared.metrics import Metrics
from shared.problems import IllegalAction
from shared.runtime import Runtime
from shared.security import Kiosk, Officer, Ops, Supervisor, TokenVerifier, sign_token
from shared.settings import ServiceSettings
from shared.web import build_app
from tests.integration.shared.notes import Note

SECRET = "the database's password"
router = APIRouter()


class NewNote(BaseModel):
    """What is posted."""

    id: Annotated[int, Field(ge=0)]
    text: Annotated[str, Field(max_length=30)] = ""
    counts: dict[str, int] = {}


class Stored(BaseModel):
    """What is answered."""

    id: int


@router.post("/v1/notes", status_code=201)
async def store(body: NewNote, mutation: CurrentMutation) -> Response:
    def use_case(session: Session) -> Stored:
        if body.text == "refused":
            raise IllegalAction("store", "FULL", ["empty"])
        session.add(Note(id=body.id, text=body.text))
        session.flush()
        return Stored(id=body.id)

    return await mutation.answer(use_case, status=201)


@router.post("/v1/nothing")
async def nothing(mutation: CurrentMutation) -> Response:
    return await mutation.answer(lambda session: None)


@router.get("/v1/offices/{office}/notes")
async def of_office(office: str, who: Officer) -> dict[str, str]:
    return {"who": who.subject, "office": office}


@router.get("/v1/needs/kiosk")
async def kiosk(who: Kiosk) -> dict[str, str]:
    return {"who": who.subject}


@router.get("/v1/needs/supervisor")
async def supervisor(who: Supervisor) -> dict[str, str]:
    return {"who": who.subject}


@router.get("/v1/needs/ops")
async def ops(who: Ops) -> dict[str, str]:
    return {"who": who.subject}


@router.get("/v1/fails/{how}")
async def fails(how: str) -> None:
    match how:
        case "database":
            raise DatabaseUnavailable(SECRET)
        case "client":
            raise ClientDisconnect
        case "http":
            raise HTTPException(418, "short and stout")
        case _:
            raise RuntimeError(f"{SECRET} and 3313071609160001")


@contextlib.asynccontextmanager
async def _lifespan(_runtime: Runtime) -> AsyncIterator[None]:
    yield


def small_app(home: Path, url: str, keys_dir: Path) -> FastAPI:
    """The app over an existing database."""
    clock = SystemClock()
    runtime = Runtime(
        settings=ServiceSettings(home=home),
        clock=clock,
        database=open_database(url),
        verifier=TokenVerifier.from_directory(keys_dir),
        health=Health(clock),
        metrics=Metrics("small"),
    )
    return build_app(title="small", description="", runtime=runtime, lifespan=_lifespan, routers=[router])


@contextlib.asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running app; what it did not foresee is an answer here, too."""
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://small") as client,
    ):
        yield client


def bearer(keys_dir: Path, role: str, *offices: str, subject: str = "staff-1") -> dict[str, str]:
    """The header of a signed-in caller."""
    token = sign_token(keys_dir, subject=subject, roles=[role], offices=offices, lifetime=60)
    return {"Authorization": f"Bearer {token}"}
