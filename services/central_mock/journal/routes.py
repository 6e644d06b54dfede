"""What happened: query, export, follow, judge, verify. For ops."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from services.central_mock.journal.behaviour import MOMENT, Behaviour
from services.central_mock.journal.domain import What
from services.central_mock.journal.following import follow
from services.central_mock.journal.reading import History
from services.central_mock.journal.schemas import JournalPage, Verification, VerifyRequest
from services.central_mock.journal.service import judge, verify
from services.central_mock.journal.wanted import Asked, Wanted
from services.central_mock.runtime import CentreRuntime, CurrentCentre
from shared.contracts.offices import OfficeCode
from shared.security import Ops

router = APIRouter(prefix="/control/v1", tags=["journal"])

Cursor = Annotated[str, Query(pattern=r"^\d{0,18}$", description="`next_cursor` of the page before")]
LastEventId = Annotated[str | None, Header(pattern=r"^\d{1,18}$", description="Goes on after this event")]
Moment = Annotated[
    float | None,
    Query(
        gt=0,
        le=600,
        description="Seconds of the clock within which two things happen at once; 0.1 times the clock's speed",
    ),
]


@router.get("/journal")
async def get_journal(
    centre: CurrentCentre,
    _ops: Ops,
    wanted: Asked,
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    newest: Annotated[bool, Query(description="The last ones; without a cursor")] = False,
) -> JournalPage:
    """Requests as the centre lived them, oldest first; with `what` connections, rules and scenarios too."""
    if newest:
        last = await centre.history.newest(_requests(wanted), limit=limit)
        return JournalPage(items=[each.public() for each in last], next_cursor=None)
    found = await centre.history.page(_requests(wanted), after=int(cursor or 0), limit=limit + 1)
    page = found[:limit]
    return JournalPage(
        items=[each.public() for each in page],
        next_cursor=str(page[-1].id) if len(found) > limit else None,
    )


def _requests(wanted: Wanted) -> Wanted:
    return wanted if wanted.what else replace(wanted, what=(What.REQUEST,))


@router.get("/journal/export", response_class=StreamingResponse)
async def export_journal(centre: CurrentCentre, _ops: Ops, wanted: Asked) -> StreamingResponse:
    """All matching entries, one JSON object a line."""
    return StreamingResponse(_lines(centre.history, _requests(wanted)), media_type="application/x-ndjson")


async def _lines(history: History, wanted: Wanted) -> AsyncIterator[bytes]:
    async for page in history.pages(wanted):
        yield "".join(json.dumps(each.public(), default=str) + "\n" for each in page).encode()


@router.get("/stream", response_class=StreamingResponse)
async def stream(
    centre: CurrentCentre, _ops: Ops, wanted: Asked, last_event_id: LastEventId = None
) -> StreamingResponse:
    """Server-sent events `request`, `connection`, `rule`, `scenario`, as each ends.

    `Last-Event-ID` resumes after an event, over a restart of the centre too, as far back as the journal goes.
    """
    after = int(last_event_id) if last_event_id is not None else None
    events = follow(centre.history, wanted, after=after, closed=lambda: centre.results.closed)
    return StreamingResponse(events, media_type="text/event-stream")


@router.get("/behaviour")
async def get_behaviour(
    *,
    centre: CurrentCentre,
    _ops: Ops,
    office: OfficeCode | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    together: Annotated[bool, Query(description="All offices are one client's")] = False,
    moment: Moment = None,
) -> Behaviour:
    """How the clients behaved: retries, jitter, Retry-After, probes, ramp; and what is wrong with it."""
    window = Wanted(what=(What.REQUEST,), since=since, until=until)
    return await judge(
        centre.history, window, office=office, together=together, moment=_moment(centre, moment)
    )


@router.post("/verify")
async def post_verify(centre: CurrentCentre, _ops: Ops, request: VerifyRequest) -> Verification:
    """Hold what clients believe against what the centre has, and say how they behaved. Changes nothing."""
    await centre.keeper.flush()
    troubled = await centre.history.troubled_keys()
    told = await centre.database.read(partial(verify, request=request, troubled=troubled))
    if request.client is not None:
        window = Wanted(what=(What.REQUEST,), since=request.client.since, until=request.client.until)
        told.client = await judge(
            centre.history,
            window,
            office=request.office,
            together=request.client.together,
            moment=_moment(centre, request.client.moment),
        )
    return told


def _moment(centre: CentreRuntime, asked: float | None) -> float:
    """At a scaled clock the same work takes more of the clock's seconds."""
    return MOMENT * max(1.0, centre.clock.speed) if asked is None else asked
