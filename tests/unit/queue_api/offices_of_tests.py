"""Offices for tests: Ngargoyoso with what a test wants changed."""

from datetime import time
from typing import Any

from shared.contracts.offices import Counter, DayHours, Interval, Office, OfficeKind, ServiceType

FRIDAY_HOURS = DayHours(
    weekday=4,
    open=Interval(start=time(7, 30), end=time(15, 30)),
    breaks=[Interval(start=time(11, 30), end=time(13))],
)


def office(**changes: Any) -> Office:
    """Ngargoyoso on a Friday, with three counters."""
    given = {
        "code": "33.13.07",
        "name": "Kecamatan Ngargoyoso",
        "kind": OfficeKind.KECAMATAN,
        "time_zone": "Asia/Jakarta",
        "services": list(ServiceType),
        "counters": [Counter(name=str(number), services=list(ServiceType)) for number in (1, 2, 3)],
        "hours": [FRIDAY_HOURS],
    }
    return Office.model_validate(given | changes)
