"""A short made-up day, so that a test of the replay takes seconds."""

from copy import deepcopy
from datetime import date, time
from typing import Any

from services.ektp.replay.scenario import Scenario

SHORT: dict[str, Any] = {
    "name": "short-day",
    "title": "A short day",
    "source": "made up",
    "office": "33.13.07",
    "date": date(2016, 9, 16),
    "office_day": {
        "kiosk_opens": time(7, 50),
        "opens": time(8, 0),
        "closes": time(11, 0),
        "counters": 2,
        "breaks": [{"from": time(8, 40), "to": time(8, 50), "reason": "tea"}],
        "arrivals": [{"from": time(7, 50), "to": time(8, 20), "numbers": 30}],
        "minutes_per_citizen": {"mean": 9.0, "spread": 1.0},
    },
    "outage": {"starts": time(9, 3), "ends": time(10, 3), "mode": "REFUSE"},
    "report": {"served_at_outage": 10, "interrupted": 11, "nothing_recorded_until": time(10, 3)},
    "quoted": {},
    "assumed": {},
}


def short_day(**changes: Any) -> Scenario:
    """The short day, every setting of it assumed."""
    raw = deepcopy(SHORT) | changes
    settings = [f"{part}.{name}" for part in ("office_day", "outage", "report") for name in raw[part]]
    return Scenario.model_validate(raw | {"assumed": dict.fromkeys(settings, "made up")})
