"""The link's use cases: note what was seen, open and close outages, tell queue_api."""

import random
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.link import domain
from services.enrolment_api.link import repository as links
from services.enrolment_api.link.domain import ALLOWED, Failure, LinkAction, LinkStatus
from services.enrolment_api.link.models import Heartbeat, LinkOutage
from services.enrolment_api.link.state import LINK
from shared.contracts.enrolment import CentralLinkChanged, LinkState
from shared.contracts.envelope import Outgoing
from shared.contracts.queue import Hop
from shared.database import UtcDateTime, connection_of
from shared.ids import new_id
from shared.messaging.outbox import enqueue
from shared.problems import IllegalAction

BEGIN = sa.text(
    "INSERT INTO link (name, state, reason, since, failures, probes) VALUES (:name, :state, '', :now, 0, 0) "
    "ON CONFLICT (name) DO NOTHING"
).bindparams(sa.bindparam("now", type_=UtcDateTime))

SOURCE = "enrolment_api"
WAKE = "link"
HEARTBEAT_SECONDS = 10.0
POWER_CUT_SECONDS = 60.0
"""A node that was silent for longer, and had not been stopped, lost its power."""


def begin(session: Session, *, now: datetime) -> None:
    """At start: there is a row to lock, and a time since which the link is as it is."""
    connection_of(session).execute(BEGIN, {"name": LINK, "state": LinkState.ONLINE.value, "now": now})


def note_success(session: Session, *, now: datetime) -> LinkStatus:
    """An exchange with the centre worked."""
    return _move(session, now, lambda link: domain.after_success(link, now))


def note_failure(
    session: Session, *, failure: Failure, now: datetime, dice: random.Random, retry_after: float | None
) -> LinkStatus:
    """An exchange with the centre failed."""
    return _move(session, now, lambda link: domain.after_failure(link, failure, now, dice, retry_after))


def act(session: Session, *, action: LinkAction, by: str, now: datetime) -> LinkStatus:
    """Pause, resume or probe, by hand. Raises IllegalAction."""

    def acted(link: LinkStatus) -> LinkStatus:
        if action not in ALLOWED[link.state]:
            raise IllegalAction(action, link.state, ALLOWED[link.state])
        if action is LinkAction.PAUSE:
            return domain.paused(link, by, now)
        return domain.resumed(link, now) if action is LinkAction.RESUME else domain.probed_now(link, now)

    session.info[WAKE] = True
    return _move(session, now, acted)


def _move(session: Session, now: datetime, change: Callable[[LinkStatus], LinkStatus]) -> LinkStatus:
    """Load with lock, decide, save, and publish when the state changed."""
    before = links.load_link(session, now)
    after = change(before)
    if after == before:
        return before
    links.save_link(session, after)
    if after.state is not before.state:
        session.info[WAKE] = True
        _publish(session, after, now)
    return after


def _publish(session: Session, link: LinkStatus, now: datetime) -> None:
    """Tell each office's queue; an outage opens when the link is out and closes when it is online again."""
    backlog = links.backlogs(session)
    known = links.open_outages(session)
    for office in links.office_codes(session):
        outage = known.get(office)
        if outage is None and link.state is LinkState.OFFLINE:
            since = min(link.failing_since or now, now)
            outage = LinkOutage(office=office, outage_id=new_id(), since=since)
            session.add(outage)
        closes = outage is not None and link.state is LinkState.ONLINE
        changed = CentralLinkChanged(
            state=link.state,
            hop=link.hop,
            since=link.since,
            outage_id=outage.outage_id if outage else None,
            outage_since=outage.since if outage else None,
            outage_until=now if closes else None,
            backlog=backlog.get(office, 0),
        )
        _tell(session, office, changed, now)
    if link.state is LinkState.ONLINE and known:
        links.delete_outages(session)


def _tell(session: Session, office: str, changed: CentralLinkChanged, now: datetime) -> None:
    enqueue(session, SOURCE, Outgoing(subject=f"central-link:{office}", office=office, at=now, data=changed))


def beat(session: Session, *, node: str, now: datetime, stopped: bool = False) -> None:
    """Say that the node is alive, or that it stops on purpose."""
    session.merge(Heartbeat(node=node, at=now, stopped=stopped))


def notice_power_cut(session: Session, *, node: str, now: datetime) -> bool:
    """At start: a heartbeat that stopped without a goodbye was a power cut, from its last beat until now."""
    heartbeat = links.take_heartbeat(session, node, now)
    if heartbeat is None:
        return False
    stopped, last = heartbeat.stopped, heartbeat.at
    heartbeat.stopped, heartbeat.at = False, now
    if stopped or (now - last).total_seconds() < POWER_CUT_SECONDS:
        return False
    link = links.load_link(session, now)
    backlog = links.backlogs(session)
    for office in links.office_codes(session):
        changed = CentralLinkChanged(
            state=link.state,
            hop=Hop.POWER,
            since=link.since,
            outage_id=new_id(),
            outage_since=last,
            outage_until=now,
            backlog=backlog.get(office, 0),
        )
        enqueue(
            session, SOURCE, Outgoing(subject=f"central-link:{office}", office=office, at=now, data=changed)
        )
    return True
