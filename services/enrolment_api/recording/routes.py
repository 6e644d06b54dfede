"""Recording over HTTP, in the order of the counter."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.enrolment_api.delivery.domain import DeliveryState
from services.enrolment_api.recording.approvals import approve_photo, except_modality
from services.enrolment_api.recording.completion import complete
from services.enrolment_api.recording.domain import Status
from services.enrolment_api.recording.drafts import start_enrolment
from services.enrolment_api.recording.repository import Filters
from services.enrolment_api.recording.schemas import (
    Completed,
    EnrolmentItem,
    EnrolmentStart,
    EnrolmentState,
    EnrolmentView,
    ExceptionRequest,
    PhotoApproval,
)
from services.enrolment_api.recording.views import list_enrolments, show_enrolment
from services.enrolment_api.runtime import CurrentEnrolment, runtime_behind
from shared.contracts.offices import OfficeCode
from shared.failpoints import fail_point_after
from shared.idempotency import CurrentMutation
from shared.pages import Cursor, Limit, Page, decode_cursor
from shared.security import Officer

router = APIRouter(prefix="/v1/enrolments", tags=["recording"])

NikFilter = Annotated[str | None, Query(pattern=r"^[0-9]{16}$", description="The whole NIK")]


@router.post("", status_code=201, response_model=EnrolmentState)
async def start(
    runtime: CurrentEnrolment, officer: Officer, mutation: CurrentMutation, body: EnrolmentStart
) -> Response:
    """Open a draft; `warnings` say what does not fit the NIK."""
    now = runtime.clock.now()
    return await mutation.answer(
        lambda session: start_enrolment(session, vault=runtime.vault, principal=officer, start=body, now=now),
        status=201,
    )


@router.post("/{record_id}/photo-approval", response_model=EnrolmentState)
async def photo_approval(
    runtime: CurrentEnrolment,
    officer: Officer,
    mutation: CurrentMutation,
    record_id: str,
    body: PhotoApproval | None = None,
) -> Response:
    """The applicant has seen the photo; nothing else is captured before. No body means approved."""
    now, approved = runtime.clock.now(), body is None or body.approved
    return await mutation.answer(
        lambda session: approve_photo(
            session, vault=runtime.vault, principal=officer, record_id=record_id, approved=approved, now=now
        )
    )


@router.post("/{record_id}/exceptions", status_code=201, response_model=EnrolmentState)
async def add_exception(
    runtime: CurrentEnrolment,
    officer: Officer,
    mutation: CurrentMutation,
    record_id: str,
    body: ExceptionRequest,
) -> Response:
    """A finger or an eye that can't be captured; a second officer confirms."""
    now = runtime.clock.now()
    return await mutation.answer(
        lambda session: except_modality(
            session, vault=runtime.vault, principal=officer, record_id=record_id, request=body, now=now
        ),
        status=201,
    )


@router.post("/{record_id}/complete", response_model=Completed)
@fail_point_after("complete.after-commit")
async def complete_recording(
    request: Request, officer: Officer, mutation: CurrentMutation, record_id: str
) -> Response:
    """The promise: when this answers, the record is on this office's disk."""
    now = runtime_behind(request).clock.now()
    return await mutation.answer(
        lambda session: complete(session, principal=officer, record_id=record_id, now=now)
    )


@router.get("/{record_id}")
async def read_one(runtime: CurrentEnrolment, officer: Officer, record_id: str) -> EnrolmentView:
    """One record with its timeline."""
    return await runtime.database.read(
        lambda session: show_enrolment(session, vault=runtime.vault, principal=officer, record_id=record_id)
    )


@router.get("")
async def read_many(
    runtime: CurrentEnrolment,
    officer: Officer,
    office: OfficeCode | None = None,
    status: Status | None = None,
    delivery: DeliveryState | None = None,
    nik: NikFilter = None,
    day: Annotated[date | None, Query(alias="date", description="The office's day")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[EnrolmentItem]:
    """The records of the caller's offices, oldest first; names and NIKs are masked."""
    filters = Filters(
        office=office,
        status=status,
        delivery=delivery,
        nik_lookup=runtime.vault.lookup(nik) if nik else None,
        day=day,
        after=decode_cursor(cursor),
    )
    return await runtime.database.read(
        lambda session: list_enrolments(
            session, vault=runtime.vault, principal=officer, filters=filters, limit=limit
        )
    )
