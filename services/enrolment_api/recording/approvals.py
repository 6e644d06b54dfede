"""What people confirm: the applicant the photo, a second officer that a finger or an eye is missing."""

from datetime import datetime

from sqlmodel import Session

from services.enrolment_api.recording.domain import Action, Modality
from services.enrolment_api.recording.drafts import state_of
from services.enrolment_api.recording.guards import check_allowed
from services.enrolment_api.recording.models import BiometricException
from services.enrolment_api.recording.packet import digest_packet, seal_biodata
from services.enrolment_api.recording.problems import AlreadyCaptured
from services.enrolment_api.recording.repository import captured, get_record
from services.enrolment_api.recording.schemas import EnrolmentState, ExceptionRequest
from services.enrolment_api.recording.timeline import HopEvent, note
from services.enrolment_api.recording.vault import Vault
from shared.problems import InvalidInput
from shared.security import Principal


def approve_photo(
    session: Session, *, vault: Vault, principal: Principal, record_id: str, approved: bool, now: datetime
) -> EnrolmentState:
    """Note that the applicant likes the photo, or not. Raises NotFound, IllegalAction, PhotoFirst."""
    record = get_record(session, record_id, principal, lock=True)
    check_allowed(record, Action.APPROVE_PHOTO, has_photo=Modality.PHOTO in captured(session, record_id))
    if approved != (record.photo_approved_at is not None):
        record.photo_approved_at = now if approved else None
        seal_biodata(session, record=record, vault=vault)
        event = HopEvent.PHOTO_APPROVED if approved else HopEvent.PHOTO_APPROVAL_WITHDRAWN
        note(session, record_id=record_id, at=now, event=event, by=principal.subject, status=record.status)
        digest_packet(session, record)
    session.flush()
    return state_of(session, record)


def except_modality(
    session: Session,
    *,
    vault: Vault,
    principal: Principal,
    record_id: str,
    request: ExceptionRequest,
    now: datetime,
) -> EnrolmentState:
    """Note that a modality can't be captured.

    Raises NotFound, IllegalAction, PhotoFirst, InvalidInput, AlreadyCaptured.
    """
    _check_request(request, principal)
    record = get_record(session, record_id, principal, lock=True)
    there = captured(session, record_id)
    check_allowed(record, Action.EXCEPT, has_photo=Modality.PHOTO in there)
    if request.modality in there:
        raise AlreadyCaptured(f"{request.modality} was captured; nothing is missing")
    session.merge(
        BiometricException(
            enrolment_id=record_id,
            modality=request.modality.value,
            reason_encrypted=vault.lock_reason(record_id, request.modality, request.reason),
            requested_by=principal.subject,
            approved_by=request.approved_by,
            at=now,
        )
    )
    seal_biodata(session, record=record, vault=vault)
    note(
        session,
        record_id=record_id,
        at=now,
        event=HopEvent.EXCEPTED,
        by=principal.subject,
        status=record.status,
        detail=f"{request.modality}, confirmed by {request.approved_by}",
    )
    digest_packet(session, record)
    session.flush()
    return state_of(session, record)


def _check_request(request: ExceptionRequest, principal: Principal) -> None:
    if request.modality is Modality.PHOTO:
        raise InvalidInput.field("/body/modality", "nobody is recorded without a photo")
    if request.approved_by == principal.subject:
        raise InvalidInput.field("/body/approved_by", "a second officer must confirm, not the one who asks")
