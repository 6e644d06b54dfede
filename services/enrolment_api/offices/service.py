"""Learning of offices: from the file at start, then from queue_api, which owns their configuration."""

from collections.abc import Iterable

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from services.enrolment_api.offices.models import OfficeRow
from shared.contracts.offices import Office
from shared.database import connection_of

# Two replicas that start at the same moment both find an office unknown.
STORE_IF_UNKNOWN = {
    "sqlite": sqlite.insert(OfficeRow).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(OfficeRow).on_conflict_do_nothing(),
}


def load_unknown(session: Session, offices: Iterable[Office]) -> None:
    """Store the offices that are not known yet; what queue_api has told is never overwritten."""
    connection = connection_of(session)
    # in one order: nobody waits for whom they hold up
    for office in sorted(offices, key=lambda each: each.code):
        connection.execute(STORE_IF_UNKNOWN[connection.dialect.name], OfficeRow.of(office).model_dump())


def configure(session: Session, *, office: Office) -> None:
    """Take over an office's configuration, whole."""
    session.merge(OfficeRow.of(office))
