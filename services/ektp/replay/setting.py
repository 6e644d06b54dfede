"""Sets the office up as it was on the reported day: its counters, its hours, and whether it may record alone."""

from typing import Any

from services.ektp.replay.play import Play
from shared.contracts.offices import Office, ServiceType


def as_in_the_report(found: dict[str, Any], what: Play) -> dict[str, Any]:
    """The office's configuration with what the scenario says of it; the rest stays as it was found."""
    day, recording = what.scenario.office_day, ServiceType.ENROLMENT.value
    settings = as_found(found)
    names = [str(number) for number in range(1, day.counters + 1)]
    others = [counter for counter in settings["counters"] if counter["name"] not in names]
    hours = {
        "weekday": what.day.weekday(),
        "open": {"start": day.opens.isoformat(), "end": day.closes.isoformat()},
        "breaks": [{"start": b.begins.isoformat(), "end": b.ends.isoformat()} for b in day.breaks],
    }
    return settings | {
        "services": sorted({*settings["services"], recording}),
        "counters": [*({"name": name, "services": [recording]} for name in names), *others],
        "hours": [hours, *(each for each in settings["hours"] if each["weekday"] != hours["weekday"])],
        "policies": {**settings.get("policies", {}), "record_offline": what.record_offline},
    }


def as_found(found: dict[str, Any]) -> dict[str, Any]:
    """What a GET shows, as a PUT takes it: without what the day adds to it."""
    return {name: found[name] for name in Office.model_fields if name in found}
