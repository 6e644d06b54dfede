"""A day adds up at any time: recorded = acknowledged + pending + quarantined, and nobody's record is left out."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.chaos.checks.finding import Case, Violation
from tests.chaos.clients.history import Operation

CHECK = "sums"
OFFICES_ZONE = timezone(timedelta(hours=7))


def check(case: Case) -> Iterator[Violation]:
    recorded = list(case.told("complete"))
    meant = [each for each in case.history if each.what == "complete" and each.outcome != "fail"]
    for each in case.told("reconcile"):
        yield from _adds_up(each.answer)
        office, day = each.about["office"], each.about["day"]
        least = _people(
            one for one in recorded if _is_of(one, office, day) and one.ended_at < each.invoked_at
        )
        most = _people(
            one for one in meant if one.about["office"] == office and one.invoked_at < each.ended_at
        )
        if not least <= each.answer["recorded"] <= most:
            what = (
                f"{office} says that it recorded {each.answer['recorded']} on {day}; it was {least} to {most}"
            )
            yield Violation(CHECK, what, "", each.ended_at)
    for view in filter(None, case.observed.sums):
        yield from _adds_up(view)
        yield from _settled(view)
        least = _people(one for one in recorded if _is_of(one, view["office"], view["date"]))
        if view["recorded"] < least:
            yield Violation(CHECK, f"{_shown(view)} in the end, and {least} were promised")


def _adds_up(view: dict[str, Any]) -> Iterator[Violation]:
    if view["recorded"] != view["acknowledged"] + view["pending"] + view["quarantined"]:
        yield Violation(CHECK, f"{_shown(view)} does not add up")


def _settled(view: dict[str, Any]) -> Iterator[Violation]:
    """In the end everything is at the centre, and the last comparison has found nothing that only a person can mend."""
    if view["pending"] or view["quarantined"]:
        yield Violation(CHECK, f"{_shown(view)} when all should be there")
    for name in ("mismatched", "unexpected"):
        if (view["centre"] or {}).get(name):
            yield Violation(
                CHECK, f"{view['office']} has {view['centre'][name]} {name} at the centre on {view['date']}"
            )


def _is_of(complete: Operation, office: str, day: str) -> bool:
    at = datetime.fromisoformat(complete.answer["captured_at"]).astimezone(OFFICES_ZONE)
    return complete.about["office"] == office and at.date().isoformat() == day


def _people(operations: Iterator[Operation]) -> int:
    return len({each.about["record"] for each in operations})


def _shown(view: dict[str, Any]) -> str:
    names = ("recorded", "acknowledged", "pending", "quarantined")
    return f"{view['office']} on {view['date']}: " + ", ".join(f"{name} {view[name]}" for name in names)
