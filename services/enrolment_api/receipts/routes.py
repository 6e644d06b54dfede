"""Receipts over HTTP: public, by a code that nobody can guess."""

from typing import Annotated

from fastapi import APIRouter, Path

from services.enrolment_api.receipts.schemas import ReceiptView
from services.enrolment_api.receipts.service import show_receipt
from services.enrolment_api.runtime import CurrentEnrolment

router = APIRouter(prefix="/v1/receipts", tags=["receipts"])


@router.get("/{code}")
async def read_receipt(
    runtime: CurrentEnrolment, code: Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,20}$")]
) -> ReceiptView:
    """Where one's own record stands."""
    now = runtime.clock.now()
    return await runtime.database.read(
        lambda session: show_receipt(session, vault=runtime.vault, code=code.upper(), now=now)
    )
