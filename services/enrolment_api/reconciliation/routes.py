"""Reconciliations over HTTP. Nothing here speaks to the centre: a request asks for a comparison and returns."""

import datetime as dt

from fastapi import APIRouter, Response
from sqlmodel import Session

from services.enrolment_api.reconciliation import service
from services.enrolment_api.reconciliation.schemas import ReconciliationView
from shared.contracts.offices import OfficeCode
from shared.idempotency import CurrentMutation
from shared.pages import Cursor, Limit, decode_cursor
from shared.runtime import CurrentRuntime
from shared.security import Supervisor

router = APIRouter(prefix="/v1/offices", tags=["reconciliations"])


@router.get("/{office}/reconciliations/{date}")
async def read_reconciliation(
    office: OfficeCode,
    date: dt.date,
    runtime: CurrentRuntime,
    principal: Supervisor,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ReconciliationView:
    """The day's records, what they add up to now, and what the last comparison with the centre found."""
    now, after = runtime.clock.now(), decode_cursor(cursor)
    return await runtime.database.read(
        lambda session: service.show(session, office=office, day=date, now=now, after=after, limit=limit)
    )


@router.post("/{office}/reconciliations/{date}", status_code=201, response_model=ReconciliationView)
async def request_reconciliation(
    office: OfficeCode,
    date: dt.date,
    runtime: CurrentRuntime,
    principal: Supervisor,
    mutation: CurrentMutation,
) -> Response:
    """Have the day compared as soon as the centre can be reached; what is missing there is then sent again."""
    now = runtime.clock.now()

    def ask(session: Session) -> ReconciliationView:
        service.request(session, office=office, day=date, by=principal.subject, now=now)
        return service.show(session, office=office, day=date, now=now)

    return await mutation.answer(ask, status=201)
