"""Finding tickets and taking numbers."""

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from services.queue_api.registry import table_of
from services.queue_api.tickets.domain import IN_LINE, Standing, State
from services.queue_api.tickets.models import IN_LINE as PARTIAL_INDEX
from services.queue_api.tickets.models import Line, Ticket, Voucher
from shared.contracts.offices import ServiceType
from shared.database import connection_of
from shared.problems import NotFound

_line, _ticket = table_of(Line), table_of(Ticket)
# The row's lock lasts until the commit, so a number that was rolled back is given again: no gaps.
TAKE_NUMBER = sa.text(
    "INSERT INTO line (office, day, service, last_number, last_place) VALUES (:office, :day, :service, 1, :place) "
    "ON CONFLICT (office, day, service) DO UPDATE SET last_number = line.last_number + 1, last_place = "
    "CASE WHEN line.last_place >= excluded.last_place THEN line.last_place + 0.001 ELSE excluded.last_place END "
    "RETURNING last_number, last_place"
).bindparams(sa.bindparam("day", type_=sa.Date()))


def take_number(
    session: Session, *, office: str, day: date, service: ServiceType, at: datetime
) -> tuple[int, float]:
    """The next number of the line and the place at its end."""
    row = (
        connection_of(session)
        .execute(
            TAKE_NUMBER,
            {"office": office, "day": day, "service": service.value, "place": at.timestamp()},
        )
        .one()
    )
    return row.last_number, row.last_place


def office_of_ticket(session: Session, ticket_id: str) -> str:
    """Whose ticket it is. Raises NotFound."""
    office = session.exec(select(Ticket.office).where(Ticket.id == ticket_id)).first()
    if office is None:
        raise NotFound(f"No ticket {ticket_id}")
    return office


def locked_ticket(session: Session, ticket_id: str) -> Ticket:
    """The ticket, to be changed."""
    return session.exec(select(Ticket).where(Ticket.id == ticket_id).with_for_update()).one()


def ticket_by_code(session: Session, code: str) -> Ticket:
    """The citizen's ticket. Raises NotFound."""
    ticket = session.exec(select(Ticket).where(Ticket.code == code)).first()
    if ticket is None:
        raise NotFound("No ticket with this code")
    return ticket


def locked_in_states(
    session: Session, office: str, states: Collection[State], day: date | None = None
) -> list[Ticket]:
    """The office's tickets in those states in the order of their lines, to be changed."""
    query = select(Ticket).where(Ticket.office == office, col(Ticket.state).in_(states))
    if day is not None:
        query = query.where(Ticket.day == day)
    return list(session.exec(query.order_by(*in_order()).with_for_update()))


def line_of(session: Session, *, office: str, day: date, service: ServiceType) -> list[Standing]:
    """Those in line, in order."""
    query = (
        sa.select(
            _ticket.c.id, _ticket.c.place, _ticket.c.priority, _ticket.c.let_one_pass, _ticket.c.interrupted
        )
        .where(_ticket.c.office == office, _ticket.c.day == day, _ticket.c.service == service, PARTIAL_INDEX)
        .order_by(*in_order())
    )
    return [
        Standing(row.id, row.place, row.priority is not None, row.let_one_pass, row.interrupted)
        for row in connection_of(session).execute(query)
    ]


def let_pass(session: Session, ticket_id: str) -> None:
    """Note that this ticket has let a priority ticket go in front of it."""
    connection_of(session).execute(
        sa.update(_ticket).where(_ticket.c.id == ticket_id).values(let_one_pass=True)
    )


def count_ahead(session: Session, ticket: Ticket) -> int | None:
    """How many are called before this one; None when it is not in line."""
    if ticket.state not in IN_LINE:
        return None
    mine = sa.tuple_(sa.literal(ticket.place), sa.literal(ticket.id))
    earlier = sa.tuple_(_ticket.c.place, _ticket.c.id) < mine
    same_rank = sa.and_(_ticket.c.interrupted == ticket.interrupted, earlier)
    before = same_rank if ticket.interrupted else sa.or_(_ticket.c.interrupted.is_(True), same_rank)
    query = (
        sa.select(sa.func.count())
        .select_from(_ticket)
        .where(
            _ticket.c.office == ticket.office,
            _ticket.c.day == ticket.day,
            _ticket.c.service == ticket.service,
            PARTIAL_INDEX,
            before,
        )
    )
    return connection_of(session).execute(query).scalar_one()


def voucher_of(session: Session, ticket_id: str) -> Voucher | None:
    """The ticket's newest voucher."""
    return session.exec(
        select(Voucher).where(Voucher.ticket == ticket_id).order_by(col(Voucher.issued_at).desc())
    ).first()


def in_order() -> tuple[sa.ColumnElement[bool], sa.ColumnElement[float], sa.ColumnElement[str]]:
    """The order of a line: the interrupted first, then by place."""
    return _ticket.c.interrupted.desc(), _ticket.c.place, _ticket.c.id


def locked_voucher(session: Session, code: str) -> Voucher | None:
    """The voucher, to be used."""
    return session.exec(select(Voucher).where(Voucher.code == code).with_for_update()).first()
