"""An office's day over HTTP."""

from datetime import date

from fastapi import APIRouter, Response

from services.queue_api.days.schemas import DayView
from services.queue_api.days.service import close_day, read_day
from shared.idempotency import CurrentMutation
from shared.runtime import CurrentRuntime
from shared.security import Officer

router = APIRouter(prefix="/v1/offices/{office}/days/{day}", tags=["days"])


@router.get("")
async def read(office: str, day: date, runtime: CurrentRuntime, _officer: Officer) -> DayView:
    """The day's figures, also while it lasts."""
    now = runtime.clock.now()
    return await runtime.database.read(
        lambda session: read_day(session, office_code=office, day=day, now=now)
    )


@router.post("/close", response_model=DayView)
async def close(
    office: str, day: date, runtime: CurrentRuntime, officer: Officer, mutation: CurrentMutation
) -> Response:
    """Close it: whoever was not served keeps the place on a voucher."""
    now = runtime.clock.now()
    return await mutation.answer(
        lambda session: close_day(session, office_code=office, day=day, who=officer.subject, now=now)
    )
