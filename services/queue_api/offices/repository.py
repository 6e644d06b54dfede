"""Finding offices. The row of an office is also the lock of its line.

Whoever moves one ticket shares it; whoever moves a whole line (an outage, the end of the day, a new policy) has
it alone. So no ticket slips into a line that is being held. SQLite has one writer and needs none of this.
"""

from functools import lru_cache

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.queue_api.offices.models import OfficeRow
from services.queue_api.registry import table_of
from shared.contracts.offices import Office
from shared.prepared import Prepared
from shared.problems import NotFound

_office = table_of(OfficeRow)
_one = sa.select(_office.c.body).where(_office.c.code == sa.bindparam("wanted"))
READ, SHARE, ALONE = map(Prepared, (_one, _one.with_for_update(read=True), _one.with_for_update()))


def office_of(session: Session, code: str) -> Office:
    """The office, to look at. Raises NotFound."""
    return _read(session, code, READ)


def office_shared(session: Session, code: str) -> Office:
    """The office, while one of its tickets moves. Raises NotFound."""
    return _read(session, code, SHARE)


def office_alone(session: Session, code: str) -> Office:
    """The office, while its whole line moves. Raises NotFound."""
    return _read(session, code, ALONE)


def known_codes(session: Session) -> set[str]:
    """The codes of all offices."""
    return set(session.exec(select(OfficeRow.code)))


def offices_after(session: Session, *, after: str | None, most: int) -> list[Office]:
    """A page of offices by code."""
    query = select(OfficeRow.body).order_by(col(OfficeRow.code)).limit(most)
    if after is not None:
        query = query.where(col(OfficeRow.code) > after)
    return [_parse(body) for body in session.exec(query)]


def _read(session: Session, code: str, statement: Prepared) -> Office:
    body = statement.scalar(session, {"wanted": code})
    if body is None:
        raise NotFound(f"No office {code}")
    return _parse(body)


@lru_cache(maxsize=10_000)
def _parse(body: str) -> Office:
    """Reading the JSON costs more than the query; the same text is always the same office."""
    return Office.model_validate_json(body)
