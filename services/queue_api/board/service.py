"""Reading an office's board."""

from datetime import datetime

from sqlmodel import Session

from services.queue_api.board.domain import Mode, mode_of
from services.queue_api.board.repository import LineNow, lines_now
from services.queue_api.board.schemas import Board, BoardLine, Capacity, NowServing
from services.queue_api.days.repository import closed_day
from services.queue_api.forecast.service import line_forecast
from services.queue_api.offices.domain import is_open, local_day, working_spans
from services.queue_api.offices.models import CapacityRow
from services.queue_api.offices.repository import office_of
from services.queue_api.outages.models import Outage
from services.queue_api.outages.repository import open_outages
from services.queue_api.outages.service import view
from services.queue_api.tickets.domain import State, label
from services.queue_api.tickets.schemas import Eta
from shared.contracts.offices import Office, ServiceType

DAY_IS_CLOSED = "the day is closed"


def read_board(session: Session, *, office_code: str, now: datetime) -> Board:
    """The office as it is now. Raises NotFound."""
    office = office_of(session, office_code)
    day = local_day(office, now)
    outages = open_outages(session, office.code)
    lines = lines_now(session, office.code, day)
    closed = closed_day(session, office.code, day) is not None
    spoken_of = outages[0] if outages else None
    return Board(
        office=office.code,
        name=office.name,
        day=day,
        open_now=is_open(working_spans(office, day), now) and not closed,
        day_closed=closed,
        services=[
            _line(session, office, service, lines[service], outages, closed=closed, now=now)
            for service in office.services
        ],
        outage=view(office, spoken_of) if spoken_of else None,
        next_update_by=min((each.next_update_by for each in outages if each.next_update_by), default=None),
        capacity=_capacity(session, office, now),
        as_of=now,
    )


def _line(
    session: Session,
    office: Office,
    service: ServiceType,
    line: LineNow,
    outages: list[Outage],
    *,
    closed: bool,
    now: datetime,
) -> BoardLine:
    mode, reason = mode_of(service, outages, office)
    waiting, held = line.counts[State.WAITING], line.counts[State.HELD]
    outlook = line_forecast(
        session,
        office,
        service,
        ahead=waiting + held,
        stopped=mode is Mode.PAUSED,
        day=local_day(office, now),
        now=now,
    )
    return BoardLine(
        service=service,
        mode=mode,
        reason=reason,
        now_serving=[
            NowServing(number=label(service, each.number), counter=str(each.counter), state=each.state)
            for each in line.at_counters
        ],
        waiting=waiting,
        held=held,
        eta=None if closed else Eta.of(outlook),
        eta_reason=DAY_IS_CLOSED if closed else outlook.reason,
        last_number_today=label(service, line.last_number) if line.last_number else None,
    )


def _capacity(session: Session, office: Office, now: datetime) -> Capacity | None:
    told = session.get(CapacityRow, office.code)
    if told is None or told.day != local_day(office, now):
        return None
    return Capacity(
        prints_left=told.prints_left,
        blanks_on_hand=told.blanks_on_hand,
        disk_days_left=told.disk_days_left,
        told_at=told.told_at,
    )
