"""An office's day in figures."""

import datetime as dt

from pydantic import AwareDatetime, BaseModel


class DayView(BaseModel):
    """The records completed on that day and how far they have come by now, against the target.

    What is printed and issued will stand here when this service prints.
    """

    office: str
    date: dt.date
    time_zone: str
    drafts: int
    """Begun on that day and not completed."""
    recorded: int
    sent: int
    """Of the recorded, those whose receipt from the centre is here."""
    print_ready: int
    """Of the recorded, those that the centre found unique."""
    daily_target: int
    left_to_target: int
    as_of: AwareDatetime
