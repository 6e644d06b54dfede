"""What enrolment_api tells of the link to the centre opens and closes outages by itself, to the minute."""

import structlog
from sqlmodel import Session

from services.queue_api.offices.repository import office_alone
from services.queue_api.outages.models import Outage
from services.queue_api.outages.repository import locked_outage
from services.queue_api.outages.service import change_hop, close_outage, open_outage
from shared.contracts.enrolment import CentralLinkChanged
from shared.contracts.envelope import Event
from shared.contracts.queue import Hop
from shared.problems import NotFound

log = structlog.get_logger()
FOUND_BY_ITSELF = "central_link"


def central_link_changed(session: Session, event: Event, data: CentralLinkChanged) -> None:
    """Open, correct or close the outage that the change names. Idempotent."""
    if data.outage_id is None:
        return
    try:
        office = office_alone(session, event.office)
    except NotFound:
        log.warning("outage.unknown_office", office=event.office, event_id=event.id)
        return
    outage = locked_outage(session, data.outage_id)
    if outage is None:
        outage = _found(event, data, data.outage_id)
        # one that is over when we hear of it (a power cut) goes into the ledger and holds nobody
        outage.until = data.outage_until
        open_outage(session, office, outage, event.time)
    elif outage.until is not None:
        return
    elif data.hop is not None and data.hop is not outage.hop:
        change_hop(session, office, outage, data.hop, event.time)
    if data.outage_until is not None:
        close_outage(session, office, outage, until=max(data.outage_until, outage.since), now=event.time)


def _found(event: Event, data: CentralLinkChanged, outage_id: str) -> Outage:
    return Outage(
        id=outage_id,
        office=event.office,
        hop=data.hop or Hop.CENTRE,
        since=data.outage_since or data.since,
        opened_by=FOUND_BY_ITSELF,
        noted_at=event.time,
    )
