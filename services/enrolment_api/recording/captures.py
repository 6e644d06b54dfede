"""Keeping what the devices read: sealed on arrival, one row each, replaceable until the record is complete."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.recording.domain import Modality, capture_action
from services.enrolment_api.recording.guards import check_allowed
from services.enrolment_api.recording.models import BiometricException, Enrolment
from services.enrolment_api.recording.packet import CAPTURES, digest_packet, seal_biodata
from services.enrolment_api.recording.repository import captured, excepted, get_record
from services.enrolment_api.recording.schemas import CaptureStored
from services.enrolment_api.recording.timeline import HopEvent, note
from services.enrolment_api.recording.vault import Vault
from shared.database import connection_of
from shared.security import Principal

_COLUMNS = ("sealed", "sha256", "size", "quality", "captured_at", "captured_by")
STORE = sa.text(
    f"INSERT INTO capture (enrolment_id, modality, {', '.join(_COLUMNS)}) "  # noqa: S608  # names of our own
    f"VALUES (:enrolment_id, :modality, {', '.join(f':{name}' for name in _COLUMNS)}) "
    "ON CONFLICT (enrolment_id, modality) "
    f"DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS)}"
).bindparams(*(sa.bindparam(name, type_=CAPTURES.c[name].type) for name in _COLUMNS))


@dataclass(frozen=True)
class Reading:
    """What a device read, already sealed; hash and size are of the bytes before sealing."""

    modality: Modality
    sealed: bytes
    sha256: str
    size: int
    quality: int | None


def store_capture(
    session: Session, *, vault: Vault, principal: Principal, record_id: str, reading: Reading, now: datetime
) -> CaptureStored:
    """Keep the reading in place of an earlier one. Raises NotFound, IllegalAction, PhotoFirst."""
    record = get_record(session, record_id, principal, lock=True)
    has_photo = Modality.PHOTO in captured(session, record_id)
    check_allowed(record, capture_action(reading.modality), has_photo=has_photo)
    stored = CaptureStored(
        modality=reading.modality,
        sha256=reading.sha256,
        size=reading.size,
        quality=reading.quality,
        captured_at=now,
        captured_by=principal.subject,
    )
    row = {"enrolment_id": record_id, "sealed": reading.sealed, **stored.model_dump()}
    connection_of(session).execute(STORE, row | {"modality": reading.modality.value})
    if reading.modality is Modality.PHOTO:
        _withdraw_approval(session, record, by=principal.subject, now=now)
    else:
        _withdraw_exception(session, record, reading.modality, vault=vault, by=principal.subject, now=now)
    digest_packet(session, record)
    return stored


def _withdraw_approval(session: Session, record: Enrolment, *, by: str, now: datetime) -> None:
    """Nobody has approved a photo that was just taken."""
    if record.photo_approved_at is None:
        return
    record.photo_approved_at = None
    session.add(record)
    note(
        session,
        record_id=record.id,
        at=now,
        event=HopEvent.PHOTO_APPROVAL_WITHDRAWN,
        by=by,
        status=record.status,
        detail="a new photo was taken",
    )


def _withdraw_exception(
    session: Session, record: Enrolment, modality: Modality, *, vault: Vault, by: str, now: datetime
) -> None:
    """What was captured after all is no exception."""
    if modality not in excepted(session, record.id):
        return
    session.delete(session.get_one(BiometricException, (record.id, modality.value)))
    seal_biodata(session, record=record, vault=vault)
    note(
        session,
        record_id=record.id,
        at=now,
        event=HopEvent.EXCEPTION_WITHDRAWN,
        by=by,
        status=record.status,
        detail=modality,
    )
