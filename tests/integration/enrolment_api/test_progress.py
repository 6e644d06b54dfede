"""What delivery and queue_api tell about a record takes effect once, in whatever order it comes."""

import asyncio
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.handlers import all_handlers
from services.enrolment_api.offices.models import OfficeRow
from services.enrolment_api.offices.repository import get_office
from services.enrolment_api.offices.service import load_unknown
from services.enrolment_api.recording.progress import mark_sent, resolve
from services.enrolment_api.runtime import EnrolmentRuntime
from shared.contracts.central import Decision
from shared.contracts.offices import Office, ServiceType
from shared.contracts.queue import OfficeConfigured, TicketServing
from shared.database import connection_of, open_database
from shared.sample import load_offices
from shared.tables import outbox
from tests.integration.enrolment_api.desk import NGARGOYOSO, Desk, event

NOW = datetime(2016, 9, 16, 3, 30, tzinfo=UTC)
TICKET = "0198f6f0-0000-7000-8000-000000000024"


async def sent(runtime: EnrolmentRuntime, record_id: str) -> None:
    await runtime.database.write(
        lambda session: mark_sent(
            session, record_id=record_id, receipt_number="C-1", received_at=NOW, now=NOW
        )
    )


async def decided(runtime: EnrolmentRuntime, record_id: str, decision: Decision) -> None:
    await runtime.database.write(
        lambda session: resolve(
            session, record_id=record_id, decision=decision, decided_at=NOW, reason="", now=NOW
        )
    )


async def told(runtime: EnrolmentRuntime, record_id: str) -> list[str]:
    """The events about the record, by the last words of their types."""
    wanted = sa.select(outbox.c.routing_key).where(outbox.c.subject == record_id).order_by(outbox.c.sequence)
    rows = await runtime.database.read(lambda session: session.connection().execute(wanted).all())
    return [row.routing_key.split(".")[2] for row in rows]


async def test_a_record_is_sent_and_resolved_once_however_often_it_is_told(
    desk: Desk, runtime: EnrolmentRuntime
) -> None:
    recorded = await desk.recorded()
    for _ in range(2):
        await sent(runtime, recorded["id"])
    for _ in range(2):
        await decided(runtime, recorded["id"], Decision.PRINT_READY_RECORD)
    shown = (await desk.get(f"/v1/enrolments/{recorded['id']}")).json()
    assert shown["status"] == "PRINT_READY_RECORD"
    assert [hop["event"] for hop in shown["timeline"]][-2:] == ["sent", "resolved"]
    assert await told(runtime, recorded["id"]) == ["started", "captured", "sent", "resolved"]
    receipt = (await desk.http.get(f"/v1/receipts/{recorded['receipt']['code']}")).json()
    assert receipt["at_centre_since"].startswith("2016-09-16T10:30")
    assert receipt["ready_to_print"] is True
    assert "At the centre since 16 September 2016 at 10:30 WIB." in receipt["sentences"]


async def test_a_decision_can_overtake_the_receipt(desk: Desk, runtime: EnrolmentRuntime) -> None:
    record_id = (await desk.recorded())["id"]
    await decided(runtime, record_id, Decision.DUPLICATE_RECORD)
    await sent(runtime, record_id)
    shown = (await desk.get(f"/v1/enrolments/{record_id}")).json()
    assert shown["status"] == "DUPLICATE_RECORD"
    assert shown["centre_receipt"] == "C-1"
    assert await told(runtime, record_id) == ["started", "captured", "resolved", "sent"]


async def test_an_expert_decides_in_the_end(desk: Desk, runtime: EnrolmentRuntime) -> None:
    record_id = (await desk.recorded())["id"]
    await sent(runtime, record_id)
    for decision in (Decision.ADJUDICATE_RECORD, Decision.ADJUDICATE_RECORD, Decision.PRINT_READY_RECORD):
        await decided(runtime, record_id, decision)
    await decided(runtime, record_id, Decision.DUPLICATE_RECORD)  # too late: it is print-ready
    shown = (await desk.get(f"/v1/enrolments/{record_id}")).json()
    assert shown["status"] == "PRINT_READY_RECORD"


@pytest.mark.parametrize("known", [True, False])
async def test_news_about_a_draft_or_an_unknown_record_changes_nothing(
    desk: Desk, runtime: EnrolmentRuntime, known: bool
) -> None:
    record_id = await desk.start() if known else TICKET
    await sent(runtime, record_id)
    await decided(runtime, record_id, Decision.PRINT_READY_RECORD)
    assert await told(runtime, record_id) == (["started"] if known else [])


async def test_the_counter_of_a_ticket_is_shown_with_its_record(
    desk: Desk, runtime: EnrolmentRuntime
) -> None:
    record_id = await desk.start(ticket_id=TICKET)
    for counter in ("1", "2"):  # interrupted, and resumed at another counter
        serving = TicketServing(
            number="A024",
            service=ServiceType.ENROLMENT,
            day=NOW.date(),
            arrived_at=NOW,
            counter=counter,
            officer="suparyanti",
        )
        await _apply(runtime, TICKET, serving)
    assert (await desk.get(f"/v1/enrolments/{record_id}")).json()["counter"] == "2"


async def test_what_queue_api_told_outlives_a_restart_with_the_sample_file(runtime: EnrolmentRuntime) -> None:
    def known(session: Session) -> Office:
        return Office.model_validate_json(get_office(session, NGARGOYOSO).configuration)

    changed = (await runtime.database.read(known)).model_copy(update={"daily_target": 150})
    await _apply(runtime, f"office:{NGARGOYOSO}", OfficeConfigured(office=changed))
    await runtime.database.write(lambda session: load_unknown(session, load_offices(None)))
    assert (await runtime.database.read(known)).daily_target == 150


async def test_replicas_that_start_at_the_same_moment_all_know_the_offices(
    runtime: EnrolmentRuntime, database_url: str
) -> None:
    def forget(session: Session) -> None:
        connection_of(session).execute(sa.delete(OfficeRow))

    def known(session: Session) -> int:
        return session.scalar(sa.select(sa.func.count()).select_from(OfficeRow)) or 0

    offices = list(load_offices(None))
    await runtime.database.write(forget)
    replicas = [open_database(database_url) for _ in range(4)]
    await asyncio.gather(*(each.write(lambda session: load_unknown(session, offices)) for each in replicas))
    assert await runtime.database.read(known) == len(offices)
    for each in replicas:
        await each.close()


async def _apply(runtime: EnrolmentRuntime, subject: str, data: TicketServing | OfficeConfigured) -> None:
    await runtime.database.write(lambda session: all_handlers().apply(session, event(subject, data)))
