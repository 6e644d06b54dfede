"""An office as anybody may read it before travelling."""

from datetime import date

from pydantic import BaseModel

from services.queue_api.board.domain import Mode
from shared.contracts.offices import Office, ServiceType
from shared.contracts.queue import Hop


class Today(BaseModel):
    """How the office is today."""

    day: date
    open_now: bool
    day_closed: bool
    modes: dict[ServiceType, Mode]
    outage: Hop | None
    """The hop that failed; null when everything works."""


class OfficeView(Office):
    """The configuration and today's state."""

    today: Today
