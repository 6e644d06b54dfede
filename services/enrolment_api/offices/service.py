"""Learning of offices: from the file at start, then from queue_api, which owns their configuration."""

from collections.abc import Iterable

from sqlmodel import Session

from services.enrolment_api.offices.models import OfficeRow
from shared.contracts.offices import Office


def load_unknown(session: Session, offices: Iterable[Office]) -> None:
    """Store the offices that are not known yet; what queue_api has told is never overwritten."""
    for office in offices:
        if session.get(OfficeRow, office.code) is None:
            session.add(OfficeRow.of(office))


def configure(session: Session, *, office: Office) -> None:
    """Take over an office's configuration, whole."""
    session.merge(OfficeRow.of(office))
