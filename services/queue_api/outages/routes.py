"""The outage ledger over HTTP."""

from fastapi import APIRouter, Response
from sqlmodel import Session

from services.queue_api.offices.repository import office_of
from services.queue_api.outages.repository import ledger_page
from services.queue_api.outages.schemas import OutageNews, OutageReport, OutageView
from services.queue_api.outages.service import end_outage, report_outage, tell_news, view
from shared.idempotency import CurrentMutation
from shared.pages import Cursor, Limit, Page, decode_cursor, page_of
from shared.runtime import CurrentRuntime
from shared.security import Officer

router = APIRouter(prefix="/v1", tags=["outages"])


@router.get("/offices/{office}/outages")
async def list_outages(
    office: str, runtime: CurrentRuntime, _officer: Officer, limit: Limit = 50, cursor: Cursor = None
) -> Page[OutageView]:
    """The office's outages, the newest first."""
    after = decode_cursor(cursor)

    def look(session: Session) -> list[OutageView]:
        whole = office_of(session, office)
        return [view(whole, each) for each in ledger_page(session, office, after=after, most=limit + 1)]

    return page_of(await runtime.database.read(look), limit)


@router.post("/offices/{office}/outages", status_code=201, response_model=OutageView)
async def report(
    office: str, given: OutageReport, runtime: CurrentRuntime, officer: Officer, mutation: CurrentMutation
) -> Response:
    """Note an outage by hand, like the power."""
    now = runtime.clock.now()
    return await mutation.answer(
        lambda session: report_outage(
            session, office_code=office, report=given, who=officer.subject, now=now
        ),
        status=201,
    )


@router.patch("/outages/{outage_id}", response_model=OutageView)
async def change(
    outage_id: str, news: OutageNews, runtime: CurrentRuntime, officer: Officer, mutation: CurrentMutation
) -> Response:
    """Say what is known of the restoration, by whom, and when the next news comes."""
    now = runtime.clock.now()
    return await mutation.answer(
        lambda session: tell_news(session, outage_id=outage_id, news=news, who=officer, now=now)
    )


@router.post("/outages/{outage_id}/close", response_model=OutageView)
async def close(
    outage_id: str, runtime: CurrentRuntime, officer: Officer, mutation: CurrentMutation
) -> Response:
    """It works again."""
    now = runtime.clock.now()
    return await mutation.answer(
        lambda session: end_outage(session, outage_id=outage_id, who=officer, now=now)
    )
