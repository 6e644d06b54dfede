"""Vouchers: the citizen goes home and the place stays."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel
from sqlmodel import Session

from services.queue_api.days.repository import check_day_is_open
from services.queue_api.offices.domain import local_day
from services.queue_api.offices.repository import office_shared
from services.queue_api.tickets.announcements import announce
from services.queue_api.tickets.domain import Action, label
from services.queue_api.tickets.effects import Move
from services.queue_api.tickets.models import Ticket, Voucher
from services.queue_api.tickets.moving import check_same_kabupaten, continue_elsewhere
from services.queue_api.tickets.repository import locked_ticket, locked_voucher
from services.queue_api.tickets.schemas import TicketInLine
from services.queue_api.tickets.service import apply, in_line_view, next_state, ticket_to_change
from shared.contracts.offices import ServiceType
from shared.contracts.queue import TicketVouchered
from shared.ids import new_code
from shared.problems import Conflict, NotFound
from shared.security import Principal

ASKED_FOR = "the citizen came to take the place home"


class VoucherIsUsed(Conflict):
    """A voucher is redeemed once."""

    type, title = "voucher-used", "Voucher already used"


class VoucherView(BaseModel):
    """A kept place."""

    code: str
    ticket: str
    number: str
    service: ServiceType
    office: str
    arrived_at: AwareDatetime
    issued_at: AwareDatetime
    reason: str
    valid_in: str
    """The kabupaten whose offices take it."""


def give_voucher(
    session: Session, *, ticket_id: str, reason: str | None, who: Principal, now: datetime
) -> VoucherView:
    """Keep the place of a waiting, held or parked ticket. Raises NotFound, IllegalAction."""
    _, ticket = ticket_to_change(session, ticket_id, who)
    voucher = keep_place(session, ticket, action=Action.VOUCHER, reason=ASKED_FOR, said=reason, now=now)
    return VoucherView(
        **voucher.model_dump(include={"code", "ticket", "office", "issued_at", "reason"}),
        number=label(ticket.service, ticket.number),
        service=ticket.service,
        arrived_at=ticket.arrived_at,
        valid_in=ticket.office[:5],
    )


def keep_place(
    session: Session,
    ticket: Ticket,
    *,
    action: Action,
    reason: str,
    now: datetime,
    said: str | None = None,
) -> Voucher:
    """Turn the ticket into a voucher. Raises IllegalAction.

    `reason` is ours and travels with the event; what an officer `said` may name somebody and stays here.
    """
    ticket.state = next_state(ticket.state, action)
    ticket.ended_at = now
    voucher = Voucher(
        code=new_code(16), ticket=ticket.id, office=ticket.office, reason=said or reason, issued_at=now
    )
    session.add(voucher)
    session.add(ticket)
    session.flush()
    announce(session, ticket, TicketVouchered, now, reason=reason)
    return voucher


def redeem_voucher(
    session: Session, *, code: str, office_code: str, who: Principal, now: datetime
) -> TicketInLine:
    """Back into the line by the original arrival. Raises NotFound, VoucherIsUsed, NotInThisKabupaten, DayIsClosed.

    On the same day at the same office the ticket itself waits again; otherwise it goes on under a number of that
    office and day.
    """
    who.check_sees(office_code)
    office = office_shared(session, office_code)
    voucher = locked_voucher(session, code)
    if voucher is None:
        raise NotFound("No voucher with this code")
    check_same_kabupaten(voucher.office, office_code)
    if voucher.redeemed_at is not None:
        raise VoucherIsUsed
    ticket = locked_ticket(session, voucher.ticket)
    next_state(ticket.state, Action.REDEEM)
    today = local_day(office, now)
    check_day_is_open(session, office.code, today)
    if (ticket.office, ticket.day) == (office.code, today):
        ticket.place = ticket.arrived_at.timestamp()
        apply(Move(session, office, ticket, now, who.subject), Action.REDEEM)
    else:
        ticket = continue_elsewhere(session, ticket, office=office, service=ticket.service, now=now)
    voucher.redeemed_at, voucher.redeemed_as = now, ticket.id
    session.add(ticket)
    session.add(voucher)
    session.flush()
    return in_line_view(session, office, ticket, now)
