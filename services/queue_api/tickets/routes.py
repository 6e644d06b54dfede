"""Tickets over HTTP."""

from fastapi import APIRouter, Response

from services.queue_api.runtime import CurrentQueue
from services.queue_api.tickets.calling import call_next
from services.queue_api.tickets.domain import Action, described
from services.queue_api.tickets.moving import transfer_ticket
from services.queue_api.tickets.schemas import (
    ActionRequest,
    CallRequest,
    CitizenTicket,
    PlainAction,
    RedeemRequest,
    TicketInLine,
    TicketRequest,
    TicketView,
    TransferRequest,
    VoucherRequest,
)
from services.queue_api.tickets.service import act_on_ticket, citizen_view, issue_ticket
from services.queue_api.tickets.statements import VoucherView
from services.queue_api.tickets.vouchers import give_voucher, read_voucher, redeem_voucher
from shared.idempotency import CurrentMutation
from shared.runtime import CurrentRuntime
from shared.security import Kiosk, Officer

router = APIRouter(prefix="/v1", tags=["tickets"])


@router.post("/offices/{office}/tickets", status_code=201, response_model=TicketInLine)
async def issue(
    office: str, given: TicketRequest, queue: CurrentQueue, _kiosk: Kiosk, mutation: CurrentMutation
) -> Response:
    """Take a number."""
    now = queue.clock.now()
    return await mutation.answer(
        lambda session: issue_ticket(
            session, office_code=office, now=now, cipher=queue.cipher, **dict(given)
        ),
        status=201,
    )


@router.get("/tickets/{code}")
async def read(code: str, runtime: CurrentRuntime) -> CitizenTicket:
    """The citizen's view, by the code on the paper."""
    now = runtime.clock.now()
    return await runtime.database.read(lambda session: citizen_view(session, code=code, now=now))


@router.post(
    "/offices/{office}/counters/{counter}/call-next",
    response_model=TicketView,
    responses={204: {"description": "Nobody waits, or the service stands still"}},
)
async def call(
    office: str,
    counter: str,
    runtime: CurrentRuntime,
    officer: Officer,
    mutation: CurrentMutation,
    given: CallRequest | None = None,
) -> Response:
    """Call the next number to the counter."""
    now = runtime.clock.now()
    return await mutation.answer(
        lambda session: call_next(
            session,
            office_code=office,
            counter_name=counter,
            services=given.services if given else None,
            officer=officer.subject,
            now=now,
        )
    )


@router.post("/tickets/{ticket_id}/transfer", status_code=201, response_model=TicketInLine)
async def transfer(
    ticket_id: str,
    given: TransferRequest,
    runtime: CurrentRuntime,
    officer: Officer,
    mutation: CurrentMutation,
) -> Response:
    """Go on as a ticket of another service or office of the kabupaten; the arrival time is kept."""
    now = runtime.clock.now()
    return await mutation.answer(
        lambda session: transfer_ticket(
            session,
            ticket_id=ticket_id,
            office_code=given.office,
            service=given.service,
            who=officer,
            now=now,
        ),
        status=201,
    )


@router.post("/tickets/{ticket_id}/voucher", status_code=201, response_model=VoucherView)
async def voucher(
    ticket_id: str,
    queue: CurrentQueue,
    officer: Officer,
    mutation: CurrentMutation,
    given: VoucherRequest | None = None,
) -> Response:
    """Keep the place for a citizen who goes home."""
    now, reason = queue.clock.now(), given.reason if given else None
    return await mutation.answer(
        lambda session: give_voucher(
            session, ticket_id=ticket_id, reason=reason, who=officer, signer=queue.vouchers, now=now
        ),
        status=201,
    )


@router.get("/vouchers/{code}")
async def read_paper(code: str, queue: CurrentQueue) -> VoucherView:
    """What stands on the voucher, signed, by the code on it."""
    return await queue.database.read(lambda session: read_voucher(session, code=code, signer=queue.vouchers))


@router.post("/vouchers/{code}/redeem", response_model=TicketInLine)
async def redeem(
    code: str, given: RedeemRequest, queue: CurrentQueue, officer: Officer, mutation: CurrentMutation
) -> Response:
    """Back into the line, by the original arrival."""
    now = queue.clock.now()
    return await mutation.answer(
        lambda session: redeem_voucher(
            session,
            code=code,
            office_code=given.office,
            signed=given.signed,
            who=officer,
            signer=queue.vouchers,
            now=now,
        )
    )


@router.post(
    "/tickets/{ticket_id}/{action}",
    response_model=TicketView,
    description=f"Do something with a ticket. From another state it is refused with 409.\n\n{described()}",
)
async def act(
    ticket_id: str,
    action: PlainAction,
    runtime: CurrentRuntime,
    officer: Officer,
    mutation: CurrentMutation,
    given: ActionRequest | None = None,
) -> Response:
    """One of the actions that take a ticket and nothing else."""
    now = runtime.clock.now()
    return await mutation.answer(
        lambda session: act_on_ticket(
            session,
            ticket_id=ticket_id,
            action=Action(action.value),
            who=officer,
            now=now,
            counter=given.counter if given else None,
        )
    )
