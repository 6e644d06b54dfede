"""The use cases of a day: read its figures, close it without falsifying anybody's ticket."""

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from services.queue_api.days.domain import figures
from services.queue_api.days.models import ClosedDay
from services.queue_api.days.repository import DayIsClosed, closed_day, tickets_of
from services.queue_api.days.schemas import DayView
from services.queue_api.events import publish
from services.queue_api.offices.domain import local_day
from services.queue_api.offices.repository import office_alone, office_of
from services.queue_api.outages.repository import open_outages, outages_between
from services.queue_api.tickets.domain import OPEN, Action
from services.queue_api.tickets.repository import locked_in_states
from services.queue_api.tickets.vouchers import keep_place
from shared.contracts.offices import Office
from shared.contracts.queue import DayClosed
from shared.problems import InvalidInput

NOT_SERVED = "the office closed for the day before this ticket was served"
NOT_SERVED_IN_OUTAGE = "the office closed for the day during an outage before this ticket was served"


def read_day(session: Session, *, office_code: str, day: date, now: datetime) -> DayView:
    """The day's figures as they stand. Raises NotFound."""
    return _view(session, office_of(session, office_code), day, now)


def close_day(session: Session, *, office_code: str, day: date, who: str, now: datetime) -> DayView:
    """Keep every open place on a voucher and issue no more. Raises NotFound, DayIsClosed, InvalidInput."""
    office = office_alone(session, office_code)
    if day > local_day(office, now):
        raise InvalidInput.field("/path/day", "this day has not come yet")
    if closed_day(session, office.code, day) is not None:
        raise DayIsClosed(f"Office {office.code} has closed {day.isoformat()} already")
    reason = NOT_SERVED_IN_OUTAGE if open_outages(session, office.code) else NOT_SERVED
    for ticket in locked_in_states(session, office.code, OPEN, day):
        keep_place(session, ticket, action=Action.CLOSE_DAY, reason=reason, now=now)
    session.add(ClosedDay(office=office.code, day=day, closed_at=now, closed_by=who))
    session.flush()
    closed = _view(session, office, day, now)
    data = DayClosed(
        day=day,
        issued=closed.issued,
        served=closed.served,
        no_shows=closed.no_shows,
        vouchered=closed.vouchered,
        outage_minutes=closed.outage_minutes_in_all,
    )
    publish(session, subject=f"day:{office.code}:{day.isoformat()}", office=office.code, at=now, data=data)
    return closed


def _view(session: Session, office: Office, day: date, now: datetime) -> DayView:
    start = datetime.combine(day, time.min, ZoneInfo(office.time_zone))
    counted = figures(
        office,
        day,
        tickets=tickets_of(session, office.code, day),
        outages=outages_between(session, office.code, start, start + timedelta(days=1)),
        now=now,
    )
    closed = closed_day(session, office.code, day)
    return DayView(
        office=office.code,
        day=day,
        closed_at=closed.closed_at if closed else None,
        as_of=now,
        **asdict(counted),
    )
