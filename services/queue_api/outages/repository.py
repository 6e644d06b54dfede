"""Finding outages."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.queue_api.outages.models import Outage


def open_outages(session: Session, office: str) -> list[Outage]:
    """Those that last, the oldest first."""
    return list(
        session.exec(
            select(Outage)
            .where(Outage.office == office, col(Outage.until).is_(None))
            .order_by(col(Outage.since), col(Outage.id))
        )
    )


def locked_outage(session: Session, outage_id: str) -> Outage | None:
    """The outage, to be changed."""
    return session.exec(select(Outage).where(Outage.id == outage_id).with_for_update()).first()


def outages_between(session: Session, office: str, start: datetime, end: datetime) -> list[Outage]:
    """Those that lasted at some time between the two, the oldest first."""
    ends_later = sa.or_(col(Outage.until).is_(None), col(Outage.until) > start)
    return list(
        session.exec(
            select(Outage)
            .where(Outage.office == office, col(Outage.since) < end, ends_later)
            .order_by(col(Outage.since), col(Outage.id))
        )
    )


def ledger_page(session: Session, office: str, *, after: str | None, most: int) -> list[Outage]:
    """A page of the ledger, the newest first."""
    query = select(Outage).where(Outage.office == office).order_by(col(Outage.id).desc()).limit(most)
    if after is not None:
        query = query.where(col(Outage.id) < after)
    return list(session.exec(query))
