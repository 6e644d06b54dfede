"""A day adds up at any time: recorded = acknowledged + pending + quarantined, and nobody's record is left out."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.chaos.checks.finding import Case, Violation

CHECK = "sums"
OFFICES_ZONE = timezone(timedelta(hours=7))


def check(case: Case) -> Iterator[Violation]:
    promised, meant = _promised(case), _meant(case)
    for each in case.told("reconcile"):
        yield from _adds_up(each.answer)
        office, day = each.about["office"], each.about["day"]
        least = bisect_left(promised[office, day], each.invoked_at)
        most = bisect_left(meant[office], each.ended_at)
        if not least <= each.answer["recorded"] <= most:
            what = (
                f"{office} says that it recorded {each.answer['recorded']} on {day}; it was {least} to {most}"
            )
            yield Violation(CHECK, what, "", each.ended_at)
    for view in filter(None, case.observed.sums):
        yield from _adds_up(view)
        yield from _settled(view)
        least = len(promised[view["office"], view["date"]])
        if view["recorded"] < least:
            yield Violation(CHECK, f"{_shown(view)} in the end, and {least} were promised")


def _promised(case: Case) -> defaultdict[tuple[str, str], list[float]]:
    """When each receipt was given for the first time, by office and day, in order."""
    found: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for each in case.told("complete"):
        at = datetime.fromisoformat(each.answer["captured_at"]).astimezone(OFFICES_ZONE)
        record = found[each.about["office"], at.date().isoformat()]
        record[each.about["record"]] = min(each.ended_at, record.get(each.about["record"], each.ended_at))
    return defaultdict(list, {key: sorted(times.values()) for key, times in found.items()})


def _meant(case: Case) -> defaultdict[str, list[float]]:
    """When each record was to be completed that may be, for the first time, by office, in order."""
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for each in case.history:
        if each.what == "complete" and each.outcome != "fail":
            found[each.about["office"]].setdefault(each.about["record"], each.invoked_at)
    return defaultdict(list, {office: sorted(times.values()) for office, times in found.items()})


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


def _shown(view: dict[str, Any]) -> str:
    names = ("recorded", "acknowledged", "pending", "quarantined")
    return f"{view['office']} on {view['date']}: " + ", ".join(f"{name} {view[name]}" for name in names)
