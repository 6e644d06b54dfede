"""The use cases of an office: configure it, load what the deployment ships, note what it can still do."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from services.queue_api.board.domain import mode_of
from services.queue_api.days.repository import closed_day
from services.queue_api.events import changed, publish
from services.queue_api.offices.domain import is_open, local_day, working_spans
from services.queue_api.offices.models import CapacityRow, OfficeRow
from services.queue_api.offices.repository import known_codes, office_alone
from services.queue_api.offices.schemas import OfficeView, Today
from services.queue_api.outages.repository import open_outages
from services.queue_api.outages.service import settle
from shared.contracts.enrolment import CapacityChanged
from shared.contracts.envelope import Event
from shared.contracts.offices import Office
from shared.contracts.queue import OfficeConfigured
from shared.problems import InvalidInput


def configure_office(session: Session, *, code: str, office: Office, now: datetime) -> OfficeView:
    """Put an office's whole configuration; a new policy takes effect on the line at once."""
    if office.code != code:
        raise InvalidInput.field("/body/code", "the code is not the one in the address")
    store_office(session, office, now)
    settle(session, office_alone(session, code), now)
    return view(session, office, now)


def store_office(session: Session, office: Office, now: datetime) -> None:
    """Write it and tell the other service."""
    session.merge(OfficeRow(code=office.code, body=office.model_dump_json(), configured_at=now))
    session.flush()
    publish(
        session,
        subject=f"office:{office.code}",
        office=office.code,
        at=now,
        data=OfficeConfigured(office=office),
    )


def load_missing_offices(session: Session, *, offices: Iterable[Office], now: datetime) -> list[str]:
    """Store the shipped offices that are not known yet; never overwrites. Returns their codes."""
    known = known_codes(session)
    missing = [office for office in offices if office.code not in known]
    for office in missing:
        store_office(session, office, now)
    return [office.code for office in missing]


def view(session: Session, office: Office, now: datetime) -> OfficeView:
    """The office with today's state."""
    day = local_day(office, now)
    outages = open_outages(session, office.code)
    closed = closed_day(session, office.code, day) is not None
    today = Today(
        day=day,
        open_now=is_open(working_spans(office, day), now) and not closed,
        day_closed=closed,
        modes={service: mode_of(service, outages, office)[0] for service in office.services},
        outage=outages[0].hop if outages else None,
    )
    return OfficeView(**dict(office), today=today)


def capacity_changed(session: Session, event: Event, data: CapacityChanged) -> None:
    """Keep what enrolment_api says the office can still do."""
    session.merge(CapacityRow(office=event.office, told_at=event.time, **data.model_dump()))
    changed(session, event.office)
