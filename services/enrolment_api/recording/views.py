"""Showing records to the staff of their office: one whole, many masked."""

import structlog
from sqlmodel import Session

from services.enrolment_api.counters.models import CounterSession
from services.enrolment_api.recording.drafts import standing
from services.enrolment_api.recording.models import Enrolment
from services.enrolment_api.recording.nik import mask_name, mask_nik
from services.enrolment_api.recording.repository import (
    Filters,
    captures_of,
    delivery_states,
    exceptions_of,
    get_record,
    list_records,
    timeline_of,
)
from services.enrolment_api.recording.schemas import EnrolmentItem, EnrolmentView, Receipt
from services.enrolment_api.recording.vault import Vault
from shared.pages import Page, page_of
from shared.security import Principal

log = structlog.get_logger()

_COPIED = (
    "supersedes",
    "captured_at",
    "packet_sha256",
    "packet_bytes",
    "centre_receipt",
    "sent_at",
    "resolved_at",
)


def show_enrolment(session: Session, *, vault: Vault, principal: Principal, record_id: str) -> EnrolmentView:
    """The record, whole. Raises NotFound. Who read whose record is logged, by ids."""
    record = get_record(session, record_id, principal)
    log.info("audit.record_read", record_id=record_id, by=principal.subject)
    person = vault.read_person(record)
    at_counter = session.get(CounterSession, record.ticket_id) if record.ticket_id else None
    content = standing(session, record) | {name: getattr(record, name) for name in _COPIED}
    return EnrolmentView.model_validate(
        content
        | {
            "delivery": delivery_states(session, [record_id]).get(record_id),
            "nik": person.nik,
            "biodata": person.biodata,
            "counter": at_counter.counter if at_counter else None,
            "captures": [row._asdict() for row in captures_of(session, record_id)],
            "exceptions": _exceptions(session, vault, record_id),
            "receipt": receipt_of(record),
            "timeline": [each.model_dump() for each in timeline_of(session, record_id)],
        }
    )


def list_enrolments(
    session: Session, *, vault: Vault, principal: Principal, filters: Filters, limit: int
) -> Page[EnrolmentItem]:
    """A page of the records that the caller may see, names and NIKs masked. Raises NotFound for another office."""
    if filters.office:
        principal.check_sees(filters.office)
    records = list_records(session, principal=principal, filters=filters, most=limit + 1)
    deliveries = delivery_states(session, [record.id for record in records])
    return page_of([_item(vault, record, deliveries.get(record.id)) for record in records], limit)


def receipt_of(record: Enrolment) -> Receipt | None:
    """The receipt of a completed record."""
    if record.receipt_number is None or record.receipt_code is None:
        return None
    return Receipt(number=record.receipt_number, code=record.receipt_code)


def _item(vault: Vault, record: Enrolment, delivery: str | None) -> EnrolmentItem:
    person = vault.read_person(record)
    copied = record.model_dump(include=set(EnrolmentItem.model_fields))
    return EnrolmentItem.model_validate(
        copied | {"delivery": delivery, "nik": mask_nik(person.nik), "name": mask_name(person.biodata.name)}
    )


def _exceptions(session: Session, vault: Vault, record_id: str) -> list[dict[str, object]]:
    return [
        each.model_dump(exclude={"reason_encrypted"})
        | {"reason": vault.read_reason(record_id, each.modality, each.reason_encrypted)}
        for each in exceptions_of(session, record_id)
    ]
