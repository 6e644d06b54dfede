"""Finding closed days and what belongs to a day."""

from datetime import date

from sqlmodel import Session, select

from services.queue_api.days.models import ClosedDay
from services.queue_api.tickets.models import Ticket
from shared.problems import Conflict


class DayIsClosed(Conflict):
    """The office has closed this day; no number is issued any more."""

    type, title = "day-closed", "The day is closed"


def closed_day(session: Session, office: str, day: date) -> ClosedDay | None:
    """When and by whom the day was closed; None while it is open."""
    return session.get(ClosedDay, (office, day))


def check_day_is_open(session: Session, office: str, day: date) -> None:
    """Raise DayIsClosed when it is not."""
    if closed_day(session, office, day) is not None:
        raise DayIsClosed(f"Office {office} has closed {day.isoformat()}")


def tickets_of(session: Session, office: str, day: date) -> list[Ticket]:
    """All tickets of the office's day."""
    return list(session.exec(select(Ticket).where(Ticket.office == office, Ticket.day == day)))
