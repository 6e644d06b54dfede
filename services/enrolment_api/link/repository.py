"""Reading and keeping the link's row, its outages and the heartbeat."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from services.enrolment_api.delivery.models import Backlog, Delivery
from services.enrolment_api.link.domain import LinkStatus
from services.enrolment_api.link.models import Heartbeat, Link, LinkOutage
from services.enrolment_api.link.state import LINK
from services.enrolment_api.offices.models import OfficeRow
from shared.contracts.enrolment import LinkState
from shared.contracts.queue import Hop
from shared.database import UtcDateTime, connection_of

BEGIN = sa.text(
    "INSERT INTO link (name, state, reason, since, failures, probes) VALUES (:name, :state, '', :since, 0, 0) "
    "ON CONFLICT (name) DO NOTHING"
).bindparams(sa.bindparam("since", type_=UtcDateTime))

# Two replicas that start on one host at the same moment are both its first.
BEAT_IF_FIRST = {
    "sqlite": sqlite.insert(Heartbeat).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(Heartbeat).on_conflict_do_nothing(),
}


def read_link(session: Session, now: datetime) -> LinkStatus:
    """The link; online since now before anything was seen."""
    return _status(session.exec(select(Link).where(col(Link.name) == LINK)).first(), now)


def load_link(session: Session, now: datetime) -> LinkStatus:
    """The link, locked for this transaction."""
    locked = select(Link).where(col(Link.name) == LINK).with_for_update()
    row = session.exec(locked).first()
    if row is None:
        # two tasks, or two replicas, may see the first failure at the same moment
        session.connection().execute(BEGIN, {"name": LINK, "state": LinkState.ONLINE.value, "since": now})
        row = session.exec(locked).first()
    return _status(row, now)


def _status(row: Link | None, now: datetime) -> LinkStatus:
    if row is None:
        return LinkStatus(state=LinkState.ONLINE, since=now)
    return LinkStatus(
        state=LinkState(row.state),
        since=row.since,
        hop=Hop(row.hop) if row.hop else None,
        reason=row.reason,
        failures=row.failures,
        failing_since=row.failing_since,
        probes=row.probes,
        not_before=row.next_probe_at,
        paused_by=row.paused_by,
    )


def save_link(session: Session, link: LinkStatus) -> None:
    """Keep it."""
    session.merge(
        Link(
            name=LINK,
            state=link.state.value,
            hop=link.hop.value if link.hop else None,
            reason=link.reason,
            since=link.since,
            failures=link.failures,
            failing_since=link.failing_since,
            probes=link.probes,
            next_probe_at=link.not_before,
            paused_by=link.paused_by,
        )
    )


def office_codes(session: Session) -> list[str]:
    """Every office this deployment serves."""
    return list(session.exec(select(OfficeRow.code).order_by(OfficeRow.code)))


def backlogs(session: Session) -> dict[str, int]:
    """Records of each office that are not at the centre yet."""
    return {row.office: row.records for row in session.exec(select(Backlog))}


def oldest_unsent(session: Session, offices: list[str] | None = None) -> datetime | None:
    """When the oldest record that is not at the centre was captured."""
    found = select(Delivery.captured_at).where(col(Delivery.next_attempt_at).is_not(None))
    if offices is not None:
        found = found.where(col(Delivery.office).in_(offices))
    return session.exec(found.order_by(col(Delivery.captured_at)).limit(1)).first()


def open_outages(session: Session) -> dict[str, LinkOutage]:
    """The outages the link has open, by office."""
    return {row.office: row for row in session.exec(select(LinkOutage))}


def delete_outages(session: Session) -> None:
    """They are closed; queue_api's ledger has them."""
    session.connection().execute(sa.delete(LinkOutage))


def take_heartbeat(session: Session, node: str, now: datetime) -> Heartbeat | None:
    """The node's row as it was left, locked: another replica on this host waits. None if there was none until now."""
    connection = connection_of(session)
    first = {"node": node, "at": now, "stopped": False}
    if connection.execute(BEAT_IF_FIRST[connection.dialect.name], first).rowcount:
        return None
    return session.get_one(Heartbeat, node, with_for_update=True)
