"""Delivery's use cases: claim, settle what an exchange came to, and what a supervisor asks by hand."""

import random
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from services.enrolment_api.delivery import repository as deliveries
from services.enrolment_api.delivery.centre import Exchange
from services.enrolment_api.delivery.domain import (
    DESTINATION_FAILED,
    TRANSITIONS,
    DeliveryAction,
    DeliveryState,
    NextStep,
    Verdict,
    allowed_actions,
    next_step,
)
from services.enrolment_api.delivery.intake import WAKE
from services.enrolment_api.delivery.late import take_late_receipt
from services.enrolment_api.delivery.models import Delivery
from services.enrolment_api.delivery.repository import Claim
from services.enrolment_api.recording.packet import load_packet
from services.enrolment_api.recording.progress import mark_sent
from shared.contracts.enrolment import DeliveryQuarantined
from shared.contracts.envelope import Outgoing
from shared.failpoints import fail_point_after
from shared.messaging.outbox import enqueue
from shared.problems import IllegalAction, NotFound
from shared.security import Principal

log = structlog.get_logger()

SOURCE = "enrolment_api"
BATCH_BYTES = 4 * 1024 * 1024
"""Packets held in memory at once, at most (one is always taken)."""


def claim(session: Session, *, now: datetime, lease_seconds: float, most: int) -> list[tuple[Claim, bytes]]:
    """The oldest due records with their packets; what would not fit in memory is given back."""
    claims = deliveries.claim_due(
        session, now=now, lease_until=now + timedelta(seconds=lease_seconds), most=most
    )
    taken, size = 0, 0
    while taken < len(claims) and (taken == 0 or size + claims[taken].packet_bytes <= BATCH_BYTES):
        size += claims[taken].packet_bytes
        taken += 1
    if taken < len(claims):
        deliveries.release_claims(session, claims[taken:])
    loaded = [(each, _packet_of(session, each, now)) for each in claims[:taken]]
    return [(each, packet) for each, packet in loaded if packet is not None]


def _packet_of(session: Session, claim: Claim, now: datetime) -> bytes | None:
    """The packet; None, and the delivery is quarantined, when its record is gone: its neighbours must go on."""
    try:
        return load_packet(session, claim.id)
    except LookupError:
        gone = Exchange(Verdict.CONFLICT, reason="its record is not in this database")
        settle(session, claim, gone, now=now, dice=random.Random())
        return None


@fail_point_after("forwarder.before-receipt-commit")
def settle(
    session: Session, claim: Claim, exchange: Exchange, *, now: datetime, dice: random.Random
) -> NextStep:
    """Keep what an exchange came to, with everything that follows from it.

    Once the lease has ended and another worker has claimed the delivery nothing is kept, except for a receipt.
    """
    step = next_step(exchange.verdict, claim.attempts, dice, may_be_there=claim.may_be_there)
    receipt = exchange.receipt
    kept = deliveries.keep_outcome(
        session,
        claim,
        {
            "new_state": step.state.value,
            "new_attempts": step.attempts,
            "due": None if step.delay is None else _due(claim, step.delay, now),
            "new_reason": exchange.reason[:300],
            "receipt": receipt.receipt_number if receipt else None,
            "acknowledged": receipt.received_at if receipt else None,
        },
    )
    if not kept:
        if receipt is not None:
            take_late_receipt(session, record_id=claim.id, receipt=receipt, now=now)
        return step
    if receipt is not None and step.state is DeliveryState.ACKNOWLEDGED:
        deliveries.shrink_backlog(session, office=claim.office, size=claim.packet_bytes)
        mark_sent(
            session,
            record_id=claim.id,
            receipt_number=receipt.receipt_number,
            received_at=receipt.received_at,
            now=now,
        )
    if step.state is DeliveryState.QUARANTINED:
        _quarantined(
            session,
            record_id=claim.id,
            office=claim.office,
            size=claim.packet_bytes,
            reason=exchange.reason,
            now=now,
        )
    return step


def _due(claim: Claim, delay: float, now: datetime) -> datetime:
    """An outage leaves a record as old as it is, so that the oldest still goes first."""
    return now + timedelta(seconds=delay) if delay > 0 else claim.captured_at


def _quarantined(
    session: Session, *, record_id: str, office: str, size: int, reason: str, now: datetime
) -> None:
    deliveries.shrink_backlog(session, office=office, size=size)
    data = DeliveryQuarantined(record_id=record_id, reason=reason)
    enqueue(session, SOURCE, Outgoing(subject=f"delivery:{record_id}", office=office, at=now, data=data))
    log.error("delivery.quarantined", record_id=record_id, office=office, reason=reason)


def act(
    session: Session, *, delivery_id: str, action: DeliveryAction, principal: Principal, now: datetime
) -> Delivery:
    """Retry now, quarantine or release a delivery by hand. Raises NotFound, IllegalAction."""
    delivery = deliveries.get_delivery(session, delivery_id)
    if delivery is None or not principal.sees(delivery.office):
        raise NotFound("No such delivery")
    state = DeliveryState(delivery.state)
    target = TRANSITIONS.get((state, action))
    if target is None:
        raise IllegalAction(action, state, allowed_actions(state))
    delivery.state = target.value
    if action is DeliveryAction.QUARANTINE:
        delivery.next_attempt_at = None
        delivery.reason = f"quarantined by {principal.subject}"
        _quarantined(
            session,
            record_id=delivery.id,
            office=delivery.office,
            size=delivery.packet_bytes,
            reason=delivery.reason,
            now=now,
        )
    else:
        delivery.next_attempt_at = now
        session.info[WAKE] = True
    if action is DeliveryAction.RELEASE:
        delivery.attempts = 0
        deliveries.grow_backlog(session, office=delivery.office, size=delivery.packet_bytes)
    session.add(delivery)
    return delivery


def destination_failed(exchange: Exchange) -> bool:
    """Whether the destination failed, not the record."""
    return exchange.failure is not None and exchange.verdict in DESTINATION_FAILED


def envelope_values(claim: Claim) -> dict[str, Any]:
    """A claim as the fields of the envelope that the centre reads."""
    return {
        "key": claim.id,
        "office": claim.office,
        "kind": claim.kind,
        "captured_at": claim.captured_at,
        "packet_sha256": claim.packet_sha256,
        "packet_bytes": claim.packet_bytes,
        "supersedes": claim.supersedes,
    }
