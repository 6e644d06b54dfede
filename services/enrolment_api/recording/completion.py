"""Completing a record: the promise that from here on nothing of it is lost.

Everybody at the counter waits for this one, so it is Core statements on prepared rows and touches no part: they were
sealed as they came, and the packet's hash is known since the draft is whole.
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.delivery.intake import accept
from services.enrolment_api.link.state import STATE_OF_LINK, state_of
from services.enrolment_api.offices.models import OfficeRow
from services.enrolment_api.recording.domain import (
    Action,
    Status,
    allowed_actions,
    missing_modalities,
    next_status,
)
from services.enrolment_api.recording.drafts import SOURCE
from services.enrolment_api.recording.guards import check_link
from services.enrolment_api.recording.models import ReceiptCounter
from services.enrolment_api.recording.packet import ENROLMENTS, load_parts
from services.enrolment_api.recording.problems import Incomplete, PhotoFirst
from services.enrolment_api.recording.repository import no_record
from services.enrolment_api.recording.schemas import Completed, Receipt
from services.enrolment_api.recording.timeline import HopEvent, note
from shared.contracts.enrolment import LinkState, RecordCaptured
from shared.contracts.envelope import Outgoing
from shared.counting import Count
from shared.failpoints import fail_point_after
from shared.ids import is_id, new_code
from shared.messaging.outbox import enqueue
from shared.prepared import Prepared
from shared.problems import IllegalAction
from shared.security import Principal

OFFICES: Any = OfficeRow.__table__  # type: ignore[attr-defined]  # SQLModel adds it
LOAD = Prepared(
    sa.select(
        ENROLMENTS.c.status,
        ENROLMENTS.c.office,
        ENROLMENTS.c.kind,
        ENROLMENTS.c.ticket_id,
        ENROLMENTS.c.supersedes,
        ENROLMENTS.c.packet_sha256,
        ENROLMENTS.c.packet_bytes,
        ENROLMENTS.c.photo_approved_at.is_not(None).label("approved"),
        STATE_OF_LINK.label("link"),
        OFFICES.c.record_offline,
        OFFICES.c.time_zone,
    )
    .join(OFFICES, OFFICES.c.code == ENROLMENTS.c.office)
    .where(ENROLMENTS.c.id == sa.bindparam("wanted"))
    .with_for_update(of=ENROLMENTS)
)
RECEIPTS = Count(ReceiptCounter.__table__)  # type: ignore[attr-defined]  # SQLModel adds it
_SET = ("status", "day", "captured_at", "receipt_number", "receipt_code")
SAVE = Prepared(
    sa.update(ENROLMENTS)
    .where(ENROLMENTS.c.id == sa.bindparam("record"))
    .values({name: sa.bindparam(f"new_{name}", type_=ENROLMENTS.c[name].type) for name in _SET})
)


@fail_point_after("complete.before-commit")
def complete(session: Session, *, principal: Principal, record_id: str, now: datetime) -> Completed:
    """Make the record whole and hand it to delivery.

    Raises NotFound, IllegalAction, Incomplete, PhotoFirst, CentralLinkRequired.
    """
    row = LOAD.first(session, {"wanted": record_id}) if is_id(record_id) else None
    if row is None or not principal.sees(row.office):
        raise no_record(record_id)
    status = _check_complete(session, record_id, row)
    link = state_of(row.link)
    check_link(link, record_offline=row.record_offline)
    completed = Completed(
        id=record_id,
        status=status,
        captured_at=now,
        receipt=_receipt(session, row.office, day := now.astimezone(ZoneInfo(row.time_zone)).date()),
    )
    _save(session, row, completed, day=day, link=link, by=principal.subject)
    return completed


def _check_complete(session: Session, record_id: str, row: Any) -> Status:
    """The status after completing. Raises IllegalAction, Incomplete, PhotoFirst."""
    status = Status(row.status)
    reached = next_status(status, Action.COMPLETE)
    if reached is None:
        allowed = allowed_actions(status, has_photo=True, photo_approved=True)
        raise IllegalAction(Action.COMPLETE, status, allowed)
    if row.packet_sha256 is None:
        raise Incomplete(missing_modalities(load_parts(session, record_id)))
    if not row.approved:
        raise PhotoFirst(
            Action.COMPLETE, status, allowed_actions(status, has_photo=True, photo_approved=False)
        )
    return reached


def _receipt(session: Session, office: str, day: date) -> Receipt:
    """The next number of the office's day, and a code that nobody can guess."""
    last = RECEIPTS.next(session, {"office": office, "day": day})
    return Receipt(number=f"{office}-{day.isoformat().replace('-', '')}-{last:04d}", code=new_code())


def _save(
    session: Session,
    row: Any,
    completed: Completed,
    *,
    day: date,
    link: LinkState,
    by: str,
) -> None:
    """Write everything that follows from it: the record, its hop, its delivery, its event."""
    record_id, now = completed.id, completed.captured_at
    SAVE.run(
        session,
        {
            "record": record_id,
            "new_status": completed.status.value,
            "new_day": day,
            "new_captured_at": now,
            "new_receipt_number": completed.receipt.number,
            "new_receipt_code": completed.receipt.code,
        },
    )
    note(session, record_id=record_id, at=now, event=HopEvent.CAPTURED, by=by, status=completed.status)
    accept(
        session,
        record_id=record_id,
        office=row.office,
        kind=row.kind,
        captured_at=now,
        packet_sha256=row.packet_sha256,
        packet_bytes=row.packet_bytes,
        supersedes=row.supersedes,
    )
    captured = RecordCaptured(kind=row.kind, ticket_id=row.ticket_id, captured_at=now, link_state=link)
    enqueue(session, SOURCE, Outgoing(subject=record_id, office=row.office, at=now, data=captured))
