"""A day is whole: each of its tickets in one place, and after its end nobody left in the line."""

from collections.abc import Iterator
from typing import Any

from tests.chaos.checks.finding import Case, Violation

CHECK = "days"
PLACES = ("served", "no_shows", "cancelled", "vouchered", "transferred", "open")


def check(case: Case) -> Iterator[Violation]:
    at_the_end = {(day["office"], day["day"]): day for day in case.observed.days if day}
    for each in case.told("close-day"):
        office, day = each.about["office"], each.about["day"]
        for view in (each.answer, at_the_end.get((office, day), {})):
            if view.get("closed_at") != each.answer["closed_at"] or view.get("open") != 0:
                what = f"{office} closed {day}; it is said to be {_shown(view)}"
                yield Violation(CHECK, what, f"day:{office}:{day}", each.ended_at)
    for view in (*(each.answer for each in case.told("close-day")), *at_the_end.values()):
        if sum(view[place] for place in PLACES) != view["issued"]:
            yield Violation(CHECK, f"{view['office']} counts wrongly on {view['day']}: {_shown(view)}")


def _shown(view: dict[str, Any]) -> str:
    return ", ".join(f"{name} {view.get(name)}" for name in ("closed_at", "issued", *PLACES))
