"""The day as an answer."""

from datetime import date

from pydantic import AwareDatetime, BaseModel

from shared.contracts.queue import Hop


class DayView(BaseModel):
    """An office's day. All minutes are minutes of opening hours."""

    office: str
    day: date
    closed_at: AwareDatetime | None
    issued: int
    served: int
    recorded: int
    """Of those served, the recordings: what the target counts."""
    no_shows: int
    cancelled: int
    held: int
    """Tickets that were held at some time of the day."""
    vouchered: int
    transferred: int
    open: int
    left_during_an_outage: int
    """Gave up or took a voucher while something was out."""
    waited_p50_minutes: float | None
    waited_p90_minutes: float | None
    """From the arrival to the first call."""
    long_waits: int
    issued_by_hour: dict[int, int]
    waiting_by_hour: dict[int, int]
    """In line when that hour ended, called by nobody yet; the hour that runs as it is now."""
    outage_minutes: dict[Hop, float]
    outage_minutes_in_all: float
    """Two outages at once count once."""
    target: int
    target_without_outages: int
    as_of: AwareDatetime
