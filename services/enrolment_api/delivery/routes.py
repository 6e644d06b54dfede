"""Deliveries for supervisors."""

from fastapi import APIRouter, Response
from sqlmodel import Session

from services.enrolment_api.delivery import repository as deliveries
from services.enrolment_api.delivery import service
from services.enrolment_api.delivery.domain import DeliveryAction, DeliveryState
from services.enrolment_api.delivery.schemas import DeliveryPublic
from services.enrolment_api.link.repository import office_codes
from shared.idempotency import CurrentMutation
from shared.pages import Cursor, Limit, Page, decode_cursor, page_of
from shared.runtime import CurrentRuntime
from shared.security import Supervisor

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])


@router.get("")
async def list_deliveries(
    runtime: CurrentRuntime,
    principal: Supervisor,
    state: DeliveryState | None = None,
    office: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeliveryPublic]:
    """The deliveries of the caller's offices, oldest first."""
    if office is not None:
        principal.check_sees(office)
    after = decode_cursor(cursor)

    def read(session: Session) -> list[DeliveryPublic]:
        offices = [office] if office else [each for each in office_codes(session) if principal.sees(each)]
        rows = deliveries.list_deliveries(session, offices=offices, state=state, after=after, limit=limit)
        return [DeliveryPublic.of(row) for row in rows]

    return page_of(await runtime.database.read(read), limit)


@router.post("/{delivery_id}/{action}", response_model=DeliveryPublic)
async def act_on_delivery(
    delivery_id: str,
    action: DeliveryAction,
    runtime: CurrentRuntime,
    principal: Supervisor,
    mutation: CurrentMutation,
) -> Response:
    """Retry now, quarantine, or release from quarantine."""
    now = runtime.clock.now()

    def act(session: Session) -> DeliveryPublic:
        row = service.act(session, delivery_id=delivery_id, action=action, principal=principal, now=now)
        return DeliveryPublic.of(row)

    return await mutation.answer(act)
