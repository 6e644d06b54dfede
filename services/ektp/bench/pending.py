"""Rows that wait, many of them: deliveries for the centre, events for the broker, records at the centre."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from services.central_mock.centre.records.models import Record
from services.ektp.bench.records import OFFICE, in_chunks
from services.enrolment_api.delivery.intake import accept
from shared.contracts.envelope import Outgoing
from shared.contracts.queue import TicketCancelled
from shared.database import Database, connection_of
from shared.ids import new_id
from shared.messaging.outbox import enqueue

PACKET_BYTES = 2_000
RECORDS: Any = Record.__table__  # type: ignore[attr-defined]  # SQLModel adds it


async def pend(database: Database, rows: int) -> None:
    """Deliveries that are due, a second apart."""
    began = datetime.now(UTC) - timedelta(seconds=rows)

    def fill(session: Session, numbers: Sequence[int]) -> None:
        for number in numbers:
            accept(
                session,
                record_id=new_id(),
                office=OFFICE,
                kind="FIRST_TIME",
                captured_at=began + timedelta(seconds=number),
                packet_sha256="0" * 64,
                packet_bytes=PACKET_BYTES,
            )

    for chunk in in_chunks(range(rows)):
        await database.write(partial(fill, numbers=chunk))


async def fill_outbox(database: Database, source: str, rows: int) -> None:
    """Events that the broker has not confirmed, each of an aggregate of its own."""
    now = datetime.now(UTC)
    data = TicketCancelled.model_validate(
        {"number": "A001", "service": "ENROLMENT", "day": now.date(), "arrived_at": now}
    )

    def fill(session: Session, numbers: Sequence[int]) -> None:
        for _ in numbers:
            enqueue(session, source, Outgoing(subject=new_id(), office=OFFICE, at=now, data=data))

    for chunk in in_chunks(range(rows)):
        await database.write(partial(fill, numbers=chunk))


async def fill_centre(database: Database, rows: int) -> None:
    """Records that wait for the uniqueness check."""
    now = datetime.now(UTC)

    def fill(session: Session, numbers: Sequence[int]) -> None:
        connection_of(session).execute(RECORDS.insert(), [_record(number, now) for number in numbers])

    for chunk in in_chunks(range(rows)):
        await database.write(partial(fill, numbers=chunk))


def _record(number: int, now: datetime) -> dict[str, object]:
    return {
        "key": new_id(),
        "office": OFFICE,
        "kind": "FIRST_TIME",
        "captured_at": now,
        "packet_sha256": "0" * 64,
        "packet_bytes": PACKET_BYTES,
        "person": f"{number:064d}",
        "receipt_number": f"bench-{number}",
        "received_at": now,
        "signature": "",
        "via": "HTTP",
        "applied_times": 1,
        "state": "CHECKING",
        "waiting_since": now,
    }
