"""Reading the offices."""

from sqlmodel import Session

from services.enrolment_api.offices.models import OfficeRow
from shared.problems import NotFound


def get_office(session: Session, code: str) -> OfficeRow:
    """The office. Raises NotFound."""
    office = session.get(OfficeRow, code)
    if office is None:
        raise NotFound(f"No office {code}")
    return office
