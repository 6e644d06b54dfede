"""Offices over HTTP: anybody reads them, a supervisor configures."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlmodel import Session

from services.queue_api.offices.repository import office_of, offices_after
from services.queue_api.offices.schemas import OfficeView
from services.queue_api.offices.service import configure_office, view
from shared.contracts.offices import OFFICE_CODE, Office
from shared.idempotency import CurrentMutation
from shared.pages import Cursor, Limit, Page, decode_cursor, page_of
from shared.runtime import CurrentRuntime
from shared.security import Supervisor

router = APIRouter(prefix="/v1/offices", tags=["offices"])


@router.get("")
async def list_offices(runtime: CurrentRuntime, limit: Limit = 50, cursor: Cursor = None) -> Page[OfficeView]:
    """All offices by code, with today's state."""
    after, now = decode_cursor(cursor), runtime.clock.now()

    def look(session: Session) -> list[OfficeView]:
        return [view(session, each, now) for each in offices_after(session, after=after, most=limit + 1)]

    return page_of(await runtime.database.read(look), limit, key="code")


@router.get("/{office}")
async def read_office(office: str, runtime: CurrentRuntime) -> OfficeView:
    """One office, with today's state."""
    now = runtime.clock.now()
    return await runtime.database.read(lambda session: view(session, office_of(session, office), now))


@router.put("/{office}", response_model=OfficeView)
async def put_office(
    office: Annotated[str, Path(pattern=OFFICE_CODE)],
    given: Office,
    runtime: CurrentRuntime,
    _supervisor: Supervisor,
    mutation: CurrentMutation,
) -> Response:
    """Configure it whole: services, counters, hours with breaks, targets, policies."""
    now = runtime.clock.now()
    return await mutation.answer(
        lambda session: configure_office(session, code=office, office=given, now=now)
    )
