"""Vouchers: the citizen goes home and the place stays."""

from datetime import datetime

from sqlmodel import Session

from services.queue_api.days.repository import check_day_is_open
from services.queue_api.offices.domain import local_day
from services.queue_api.offices.repository import office_shared
from services.queue_api.tickets.announcements import announce
from services.queue_api.tickets.domain import Action, label
from services.queue_api.tickets.effects import Move
from services.queue_api.tickets.joining import join_line
from services.queue_api.tickets.models import Ticket, Voucher
from services.queue_api.tickets.moving import check_same_kabupaten, continue_elsewhere
from services.queue_api.tickets.repository import locked_ticket, locked_voucher
from services.queue_api.tickets.schemas import TicketInLine
from services.queue_api.tickets.service import apply, in_line_view, next_state, ticket_to_change
from services.queue_api.tickets.statements import Statement, VoucherSigner, VoucherView
from shared.contracts.offices import Office
from shared.contracts.queue import TicketVouchered
from shared.ids import new_code
from shared.problems import Conflict, InvalidInput, NotFound
from shared.security import Principal

TAKEN_BY_SIGNATURE = "given by another office and taken by its signature"
ASKED_FOR = "the citizen came to take the place home"


class VoucherIsUsed(Conflict):
    """A voucher is redeemed once."""

    type, title = "voucher-used", "Voucher already used"


def give_voucher(
    session: Session,
    *,
    ticket_id: str,
    reason: str | None,
    who: Principal,
    signer: VoucherSigner,
    now: datetime,
) -> VoucherView:
    """Keep the place of a waiting, held or parked ticket. Raises NotFound, IllegalAction."""
    _, ticket = ticket_to_change(session, ticket_id, who)
    voucher = keep_place(session, ticket, action=Action.VOUCHER, reason=ASKED_FOR, said=reason, now=now)
    return _view(voucher, ticket, signer)


def read_voucher(session: Session, *, code: str, signer: VoucherSigner) -> VoucherView:
    """What the bearer of the paper may know. Raises NotFound."""
    voucher = session.get(Voucher, code)
    ticket = session.get(Ticket, voucher.ticket) if voucher else None
    if voucher is None or ticket is None:
        raise NotFound("No voucher with this code")
    return _view(voucher, ticket, signer)


def _view(voucher: Voucher, ticket: Ticket, signer: VoucherSigner) -> VoucherView:
    statement = Statement(
        code=voucher.code,
        ticket=ticket.id,
        number=label(ticket.service, ticket.number),
        service=ticket.service,
        priority=ticket.priority,
        office=ticket.office,
        arrived_at=ticket.arrived_at,
        issued_at=voucher.issued_at,
        valid_in=ticket.office[:5],
    )
    return VoucherView(
        **dict(statement),
        reason=voucher.reason,
        redeemed_at=voucher.redeemed_at,
        signed=signer.sign(statement),
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
    session: Session,
    *,
    code: str,
    office_code: str,
    signed: str | None,
    who: Principal,
    signer: VoucherSigner,
    now: datetime,
) -> TicketInLine:
    """Back into the line by the original arrival. Raises NotFound, VoucherIsUsed, NotInThisKabupaten, DayIsClosed.

    On the same day at the same office the ticket itself waits again; otherwise it goes on under a number of that
    office and day. A voucher of an office that this database does not hold is taken by its signature.
    """
    who.check_sees(office_code)
    office = office_shared(session, office_code)
    voucher = locked_voucher(session, code)
    if voucher is None:
        ticket = _from_elsewhere(session, office, code=code, signed=signed, signer=signer, now=now)
    else:
        ticket = _from_here(session, office, voucher, who=who, now=now)
    return in_line_view(session, office, ticket, now)


def _from_here(
    session: Session, office: Office, voucher: Voucher, *, who: Principal, now: datetime
) -> Ticket:
    check_same_kabupaten(voucher.office, office.code)
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
    return ticket


def _from_elsewhere(
    session: Session, office: Office, *, code: str, signed: str | None, signer: VoucherSigner, now: datetime
) -> Ticket:
    """Take the office's word on the paper; the row that is left makes it single use here."""
    if signed is None:
        raise NotFound("No voucher with this code")
    said = signer.verify(signed)
    if said.code != code:
        raise InvalidInput.field("/body/signed", "this statement is of another voucher")
    check_same_kabupaten(said.office, office.code)
    ticket = join_line(
        session,
        office=office,
        service=said.service,
        arrived_at=said.arrived_at,
        now=now,
        priority=said.priority,
    )
    session.add(
        Voucher(
            code=code,
            ticket=said.ticket,
            office=said.office,
            reason=TAKEN_BY_SIGNATURE,
            issued_at=said.issued_at,
            redeemed_at=now,
            redeemed_as=ticket.id,
        )
    )
    session.flush()
    return ticket
