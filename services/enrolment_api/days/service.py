"""Counting an office's day."""

import datetime as dt
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from services.enrolment_api.days.schemas import DayView
from services.enrolment_api.offices.repository import get_office
from services.enrolment_api.recording.domain import Status
from services.enrolment_api.recording.models import Enrolment

PRINT_READY_OR_LATER = (
    Status.PRINT_READY_RECORD,
    Status.SENT_FOR_CARD_PRINTING,
    Status.CARD_PRINTED,
    Status.CARD_ISSUED,
)


def show_day(session: Session, *, office_code: str, day: dt.date, now: dt.datetime) -> DayView:
    """The day as it stands now. Raises NotFound."""
    office = get_office(session, office_code)
    recorded = col(Enrolment.captured_at).is_not(None)
    counted = sa.select(
        _count(~recorded).label("drafts"),
        _count(recorded).label("recorded"),
        _count(col(Enrolment.sent_at).is_not(None)).label("sent"),
        _count(col(Enrolment.status).in_(PRINT_READY_OR_LATER)).label("print_ready"),
    ).where(col(Enrolment.office) == office_code, col(Enrolment.day) == day)
    figures = session.connection().execute(counted).one()
    return DayView(
        office=office_code,
        date=day,
        time_zone=office.time_zone,
        **figures._mapping,  # the documented way to a row's names
        daily_target=office.daily_target,
        left_to_target=max(0, office.daily_target - figures.recorded),
        as_of=now.astimezone(ZoneInfo(office.time_zone)),
    )


def _count(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
