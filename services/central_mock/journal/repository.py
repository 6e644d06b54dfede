"""What `verify` reads."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from services.central_mock.centre.records.models import Record

_FACTS = (col(Record.key), col(Record.office), col(Record.packet_sha256), col(Record.applied_times))
CHUNK = 500


def facts_of(session: Session, keys: Iterable[str]) -> dict[str, Any]:
    """What is held of these keys."""
    wanted = list(keys)
    found: dict[str, Any] = {}
    for start in range(0, len(wanted), CHUNK):
        query = sa.select(*_FACTS).where(col(Record.key).in_(wanted[start : start + CHUNK]))
        found.update((row.key, row) for row in session.execute(query))
    return found


def facts_in(
    session: Session, *, office: str | None, since: datetime | None, until: datetime | None
) -> dict[str, Any]:
    """What is held within these bounds."""
    query = sa.select(*_FACTS).order_by(col(Record.key))
    if office is not None:
        query = query.where(col(Record.office) == office)
    if since is not None:
        query = query.where(col(Record.captured_at) >= since)
    if until is not None:
        query = query.where(col(Record.captured_at) < until)
    return {row.key: row for row in session.execute(query)}
