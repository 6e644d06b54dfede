"""What the waiting room and the traveller read: no name, no code, only numbers."""

from datetime import date

from pydantic import AwareDatetime, BaseModel

from services.queue_api.board.domain import Mode
from services.queue_api.outages.schemas import OutageView
from services.queue_api.tickets.domain import State
from services.queue_api.tickets.schemas import Eta
from shared.contracts.offices import ServiceType


class NowServing(BaseModel):
    """A number at a counter."""

    number: str
    counter: str
    state: State


class BoardLine(BaseModel):
    """One service on the board."""

    service: ServiceType
    mode: Mode
    reason: str | None
    now_serving: list[NowServing]
    waiting: int
    held: int
    eta: Eta | None
    """For somebody who takes a number now."""
    eta_reason: str | None
    last_number_today: str | None


class Capacity(BaseModel):
    """What the office can still do today, as enrolment_api last told."""

    prints_left: int | None
    blanks_on_hand: int | None
    disk_days_left: float | None
    told_at: AwareDatetime


class Board(BaseModel):
    """An office now; `as_of` says how old it is."""

    office: str
    name: str
    day: date
    open_now: bool
    day_closed: bool
    services: list[BoardLine]
    outage: OutageView | None
    """The oldest that lasts; null when everything works."""
    next_update_by: AwareDatetime | None
    """When people are told something next during an outage."""
    capacity: Capacity | None
    as_of: AwareDatetime
