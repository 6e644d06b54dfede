"""Taking a completed record over into delivery, in the transaction that completes it."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.delivery.domain import DeliveryState
from services.enrolment_api.delivery.models import Delivery
from shared.prepared import Prepared

WAKE = "delivery"

INSERT = Prepared(
    sa.insert(Delivery.__table__),  # type: ignore[attr-defined]  # SQLModel adds it
    columns=(
        "id",
        "office",
        "kind",
        "supersedes",
        "captured_at",
        "packet_sha256",
        "packet_bytes",
        "state",
        "attempts",
        "sends",
        "next_attempt_at",
        "reason",
    ),
)
GROW = Prepared(
    sa.text(
        "INSERT INTO backlog (office, records, bytes) VALUES (:office, 1, :size) ON CONFLICT (office) "
        "DO UPDATE SET records = backlog.records + 1, bytes = backlog.bytes + excluded.bytes"
    )
)


def accept(
    session: Session,
    *,
    record_id: str,
    office: str,
    kind: str,
    captured_at: datetime,
    packet_sha256: str,
    packet_bytes: int,
    supersedes: str | None = None,
) -> None:
    """Schedule the record for the centre, due at once, and count it into the office's backlog."""
    INSERT.run(
        session,
        {
            "id": record_id,
            "office": office,
            "kind": kind,
            "supersedes": supersedes,
            "captured_at": captured_at,
            "packet_sha256": packet_sha256,
            "packet_bytes": packet_bytes,
            "state": DeliveryState.PENDING.value,
            "attempts": 0,
            "sends": 0,
            "next_attempt_at": captured_at,
            "reason": "",
        },
    )
    GROW.run(session, {"office": office, "size": packet_bytes})
    session.info[WAKE] = True
