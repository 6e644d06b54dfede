"""The link for officers and ops."""

from fastapi import APIRouter, Response
from sqlmodel import Session

from services.enrolment_api.delivery.forwarder import CurrentForwarder, Forwarder
from services.enrolment_api.link import repository as links
from services.enrolment_api.link import service
from services.enrolment_api.link.domain import LinkAction
from services.enrolment_api.link.schemas import CentralLink
from shared.clock import Clock
from shared.idempotency import CurrentMutation
from shared.runtime import CurrentRuntime
from shared.security import OfficerOrOps, Ops, Principal

router = APIRouter(prefix="/v1/central-link", tags=["central link"])


@router.get("")
async def read_link(
    runtime: CurrentRuntime, forwarder: CurrentForwarder, principal: OfficerOrOps
) -> CentralLink:
    """State, hop, since, and how the backlog is doing."""
    return await runtime.database.read(
        lambda session: _describe(session, runtime.clock, forwarder, principal)
    )


@router.post("/{action}", response_model=CentralLink)
async def act_on_link(
    action: LinkAction,
    runtime: CurrentRuntime,
    forwarder: CurrentForwarder,
    principal: Ops,
    mutation: CurrentMutation,
) -> Response:
    """Pause sending, resume it, or probe now."""

    def act(session: Session) -> CentralLink:
        service.act(session, action=action, by=principal.subject, now=runtime.clock.now())
        session.flush()
        return _describe(session, runtime.clock, forwarder, principal)

    return await mutation.answer(act)


def _describe(session: Session, clock: Clock, forwarder: Forwarder, principal: Principal) -> CentralLink:
    now = clock.now()
    link = links.read_link(session, now)
    offices = [office for office in links.office_codes(session) if principal.sees(office)]
    waiting = links.backlogs(session)
    backlog = sum(waiting.get(office, 0) for office in offices)
    rate = forwarder.rate.per_minute(now)
    return CentralLink(
        state=link.state,
        hop=link.hop,
        reason=link.reason,
        since=link.since,
        failing_since=link.failing_since,
        next_probe_at=link.not_before,
        backlog=backlog,
        oldest_unsent=links.oldest_unsent(session, offices),
        drain_rate_per_minute=rate,
        expected_end=forwarder.rate.expected_end(now, sum(waiting.values())) if link.sends else None,
        concurrency=forwarder.ramp.limit,
        as_of=now,
    )
