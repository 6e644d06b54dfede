"""The use cases of the ledger: open, tell news, close. Each brings the line into step."""

from datetime import datetime, timedelta

from sqlmodel import Session

from services.queue_api.events import publish
from services.queue_api.offices.repository import office_alone
from services.queue_api.outages.domain import NEWS_EVERY_MINUTES, stopped_by, stopped_by_any
from services.queue_api.outages.models import Outage
from services.queue_api.outages.repository import locked_outage, open_outages
from services.queue_api.outages.schemas import OutageNews, OutageReport, OutageView
from services.queue_api.tickets.holding import bring_line_into_step
from shared.contracts.offices import Office, ServiceType
from shared.contracts.queue import Hop, OutageClosed, OutageOpened, OutageUpdated
from shared.ids import new_id
from shared.problems import Conflict, InvalidInput, NotFound
from shared.security import Principal


class OutageIsOver(Conflict):
    """This outage was closed already."""

    type, title = "outage-over", "The outage is over"


def report_outage(
    session: Session, *, office_code: str, report: OutageReport, who: str, now: datetime
) -> OutageView:
    """Note an outage by hand. Raises NotFound, InvalidInput."""
    office = office_alone(session, office_code)
    since = report.since or now
    if since > now:
        raise InvalidInput.field("/body/since", "an outage begins now or in the past")
    outage = Outage(
        id=new_id(), office=office.code, hop=report.hop, since=since, steps=report.services,
        opened_by=who, noted_at=now, expected_restoration=report.expected_restoration,
        source=report.source, next_update_by=report.next_update_by, note=report.note,
    )  # fmt: skip
    open_outage(session, office, outage, now)
    return view(office, outage)


def open_outage(session: Session, office: Office, outage: Outage, now: datetime) -> None:
    """Put it into the ledger and hold what it stops. The caller has the office's line alone."""
    outage.next_update_by = outage.next_update_by or now + timedelta(minutes=NEWS_EVERY_MINUTES)
    session.add(outage)
    session.flush()
    stopped = stopped_by(outage, office)
    data = OutageOpened(hop=outage.hop, since=outage.since, services=sorted(stopped), by=outage.opened_by)
    publish(session, subject=outage.id, office=office.code, at=now, data=data)
    settle(session, office, now, cause=outage.id)


def tell_news(
    session: Session, *, outage_id: str, news: OutageNews, who: Principal, now: datetime
) -> OutageView:
    """Say what is known of the restoration. Raises NotFound, OutageIsOver, InvalidInput."""
    office, outage = _to_change(session, outage_id, who)
    for name in news.model_fields_set:
        setattr(outage, name, getattr(news, name))
    if outage.expected_restoration is not None and outage.source is None:
        raise InvalidInput.field("/body/source", "an expected restoration needs its source")
    session.add(outage)
    session.flush()
    data = OutageUpdated(
        expected_restoration=outage.expected_restoration,
        source=outage.source,
        next_update_by=outage.next_update_by,
    )
    publish(session, subject=outage.id, office=office.code, at=now, data=data)
    return view(office, outage)


def end_outage(session: Session, *, outage_id: str, who: Principal, now: datetime) -> OutageView:
    """Close it by hand. Raises NotFound, OutageIsOver."""
    office, outage = _to_change(session, outage_id, who)
    close_outage(session, office, outage, until=max(now, outage.since), now=now)
    return view(office, outage)


def close_outage(session: Session, office: Office, outage: Outage, *, until: datetime, now: datetime) -> None:
    """It works again: release what no other outage stops. The caller has the office's line alone."""
    outage.until = until
    session.add(outage)
    session.flush()
    minutes = round((until - outage.since).total_seconds() / 60, 1)
    data = OutageClosed(since=outage.since, until=until, minutes=minutes)
    publish(session, subject=outage.id, office=office.code, at=now, data=data)
    settle(session, office, now)


def change_hop(session: Session, office: Office, outage: Outage, hop: Hop, now: datetime) -> None:
    """It turned out to be another hop; what stands still may change with it."""
    outage.hop = hop
    session.add(outage)
    session.flush()
    settle(session, office, now, cause=outage.id)


def settle(session: Session, office: Office, now: datetime, *, cause: str | None = None) -> None:
    """Hold and release by the ledger and the policy as they are now."""
    stopped = stopped_by_any(open_outages(session, office.code), office)
    bring_line_into_step(session, office, stopped=stopped, outage=cause, now=now)


def view(office: Office, outage: Outage) -> OutageView:
    """The outage with what it stops at this office."""
    stopped: set[ServiceType] = stopped_by(outage, office)
    return OutageView.of(outage, stopped)


def _to_change(session: Session, outage_id: str, who: Principal) -> tuple[Office, Outage]:
    known = session.get(Outage, outage_id)
    if known is None or not who.sees(known.office):
        raise NotFound(f"No outage {outage_id}")
    office = office_alone(session, known.office)
    session.expunge(known)  # another replica may have closed it before we had the line
    outage = locked_outage(session, outage_id)
    if outage is None or outage.until is not None:
        raise OutageIsOver(f"Outage {outage_id} is over")
    return office, outage
