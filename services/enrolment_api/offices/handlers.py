"""What queue_api tells about offices."""

from sqlmodel import Session

from services.enrolment_api.offices.service import configure
from shared.contracts.envelope import Event
from shared.contracts.queue import OfficeConfigured


def office_configured(session: Session, event: Event, data: OfficeConfigured) -> None:
    """Keep the office's policies, hours and targets."""
    configure(session, office=data.office)
