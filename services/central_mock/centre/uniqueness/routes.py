"""Results by cursor, with a long poll."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.central_mock.centre.uniqueness import repository
from services.central_mock.centre.uniqueness.models import CheckResult
from services.central_mock.faults.meaning.skew import skew_of, told_time
from services.central_mock.runtime import CurrentCentre
from shared.contracts.central import Decision, Result, Results
from shared.contracts.offices import OfficeCode

router = APIRouter(prefix="/central/v1", tags=["results"])

Offices = Annotated[
    list[OfficeCode] | None, Query(max_length=1000, description="May be repeated; none: all offices")
]
After = Annotated[
    str, Query(pattern=r"^\d{0,18}$", description="`next_after` of the answer before; empty: from the first")
]


@router.get("/results")
async def get_results(
    request: Request,
    centre: CurrentCentre,
    office: Offices = None,
    after: After = "",
    wait: Annotated[
        float, Query(ge=0, le=60, description="Seconds of the clock to wait for a first one")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Results:
    """Decisions after a cursor, oldest first; with `wait` the answer comes when there is one or the time is over."""
    cursor = int(after or 0)

    async def read() -> Sequence[CheckResult]:
        return await centre.database.read(
            lambda session: repository.results_after(session, after=cursor, offices=office or [], limit=limit)
        )

    news = centre.results.next()
    found = await read()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait / centre.clock.speed):
            while not found and not centre.results.closed:
                await news.wait()
                news = centre.results.next()
                found = await read()
    results = [_result(each, skew_of(request)) for each in found]
    return Results(results=results, next_after=results[-1].cursor if results else str(cursor))


def _result(row: CheckResult, off: timedelta) -> Result:
    return Result(
        cursor=str(row.seq),
        key=row.key,
        office=row.office,
        decision=Decision(row.decision),
        decided_at=told_time(row.decided_at, off),
        reason=row.reason,
    )
