"""What delivery tells about a record after it was completed: it is at the centre, the centre has decided.

Both can be told twice, and a decision can overtake the receipt: each takes effect once. Ten thousand of these come
in a row after an outage, hence Core statements.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlmodel import Session

from services.enrolment_api.recording.domain import Action, Status, next_status
from services.enrolment_api.recording.drafts import SOURCE
from services.enrolment_api.recording.packet import ENROLMENTS
from services.enrolment_api.recording.timeline import CENTRE, RECONCILIATION, HopEvent, note
from shared.contracts.central import Decision
from shared.contracts.enrolment import RecordResolved, RecordSent
from shared.contracts.envelope import Outgoing
from shared.database import UtcDateTime
from shared.messaging.outbox import enqueue
from shared.prepared import Prepared

log = structlog.get_logger()

ACTION_OF: dict[Decision, Action] = {
    Decision.PRINT_READY_RECORD: Action.FIND_UNIQUE,
    Decision.DUPLICATE_RECORD: Action.FIND_DUPLICATE,
    Decision.ADJUDICATE_RECORD: Action.ADJUDICATE,
    Decision.ENROLL_FAILURE_AT_CENTRAL: Action.FAIL,
}

LOAD = Prepared(
    sa.select(
        ENROLMENTS.c.status,
        ENROLMENTS.c.office,
        ENROLMENTS.c.sent_at,
        ENROLMENTS.c.resolved_at,
        ENROLMENTS.c.centre_receipt,
    )
    .where(ENROLMENTS.c.id == sa.bindparam("wanted"))
    .with_for_update()
)
_OF_RECORD = ENROLMENTS.c.id == sa.bindparam("record")
SENT = Prepared(
    sa.update(ENROLMENTS)
    .where(_OF_RECORD)
    .values(
        status=sa.bindparam("new_status"),
        centre_receipt=sa.bindparam("new_receipt"),
        sent_at=sa.bindparam("at_centre", type_=UtcDateTime),
    )
)
RESOLVED = Prepared(
    sa.update(ENROLMENTS)
    .where(_OF_RECORD)
    .values(status=sa.bindparam("new_status"), resolved_at=sa.bindparam("decided", type_=UtcDateTime))
)


def mark_sent(
    session: Session, *, record_id: str, receipt_number: str, received_at: datetime, now: datetime
) -> None:
    """Note the centre's signed receipt. A second one for the same record changes nothing."""
    row = _load(session, record_id)
    if row is None or row.status == Status.DRAFT:
        log.warning("record.receipt_ignored", record_id=record_id, known=row is not None)
        return
    if row.sent_at is not None:
        return
    # after an early decision the status has gone further already
    status = next_status(Status(row.status), Action.ACKNOWLEDGE) or Status(row.status)
    values = {"record": record_id, "new_status": status.value, "new_receipt": receipt_number}
    SENT.run(session, values | {"at_centre": received_at})
    note(
        session,
        record_id=record_id,
        at=now,
        event=HopEvent.SENT,
        by=CENTRE,
        status=status,
        detail=receipt_number,
    )
    sent = RecordSent(receipt_number=receipt_number, received_at=received_at)
    enqueue(session, SOURCE, Outgoing(subject=record_id, office=row.office, at=now, data=sent))


def resolve(
    session: Session,
    *,
    record_id: str,
    decision: Decision,
    decided_at: datetime,
    reason: str,
    now: datetime,
) -> None:
    """Note the centre's decision. One that is known, or that the record's state does not take, changes nothing."""
    row = _load(session, record_id)
    status = next_status(Status(row.status), ACTION_OF[decision]) if row is not None else None
    if row is None or status is None:
        if row is None or not _is_known(row, decision, decided_at):
            log.warning(
                "record.decision_ignored",
                record_id=record_id,
                decision=decision.value,
                status=row.status if row is not None else "unknown",
            )
        return
    values = {"record": record_id, "new_status": status.value, "decided": decided_at}
    RESOLVED.run(session, values)
    note(
        session,
        record_id=record_id,
        at=now,
        event=HopEvent.RESOLVED,
        by=CENTRE,
        status=status,
        detail=reason[:300],
    )
    resolved = RecordResolved(status=status.value, decided_at=decided_at)
    enqueue(session, SOURCE, Outgoing(subject=record_id, office=row.office, at=now, data=resolved))


def mark_missing(session: Session, *, record_id: str, now: datetime) -> None:
    """Note that the centre does not hold a record that it had given a receipt for.

    What it decided meanwhile stays decided; a record that was only received there is again only here.
    """
    row = _load(session, record_id)
    if row is None or row.sent_at is None:
        return
    status = next_status(Status(row.status), Action.FIND_MISSING) or Status(row.status)
    SENT.run(
        session,
        {"record": record_id, "new_status": status.value, "new_receipt": None, "at_centre": None},
    )
    note(
        session,
        record_id=record_id,
        at=now,
        event=HopEvent.MISSING,
        by=RECONCILIATION,
        status=status,
        detail=f"the centre gave receipt {row.centre_receipt} and does not hold the record; it is sent again",
    )


def _is_known(row: Any, decision: Decision, decided_at: datetime) -> bool:
    """Whether that decision, or a later one, was applied: all are read again after the centre was restored."""
    return row.status == decision or (row.resolved_at is not None and decided_at <= row.resolved_at)


def _load(session: Session, record_id: str) -> Any | None:
    return LOAD.first(session, {"wanted": record_id})
