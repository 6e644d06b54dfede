"""The day over HTTP."""

import datetime as dt

from fastapi import APIRouter

from services.enrolment_api.days.schemas import DayView
from services.enrolment_api.days.service import show_day
from services.enrolment_api.runtime import CurrentEnrolment
from shared.contracts.offices import OfficeCode
from shared.security import Officer

router = APIRouter(prefix="/v1/offices", tags=["days"])


@router.get("/{office}/days/{date}")
async def read_day(runtime: CurrentEnrolment, officer: Officer, office: OfficeCode, date: dt.date) -> DayView:
    """Recorded, sent and print-ready against the target."""
    now = runtime.clock.now()
    return await runtime.database.read(
        lambda session: show_day(session, office_code=office, day=date, now=now)
    )
