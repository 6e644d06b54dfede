"""Requests as a judge of the client's behaviour sees them: whose, when, and whether the centre was any good. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from services.central_mock.journal.domain import Entry

RECORDS, RECORD = "/central/v1/records", "/central/v1/records/{key}"
IMPORTS, HEALTH = "/central/v1/imports", "/central/v1/health"
PACED = frozenset({RECORDS, RECORD, IMPORTS, HEALTH})
"""What a client must pace itself: deliveries, look-ups and probes. Long polls for results are not counted."""

NOT_THE_CENTRES = frozenset({401, 403, 407, 408, 425, 429})
SPOILED = frozenset(
    {
        "EMPTY_BODY",
        "MALFORMED_JSON",
        "TRUNCATED",
        "WRONG_CONTENT_LENGTH",
        "CAPTIVE_PORTAL",
        "OVERSIZE",
        "CORRUPT_RECEIPT",
    }
)
"""Faults whose answers go out whole, with a good status, and are worth nothing."""

UNNAMED = ""
TOGETHER = "*"


@dataclass(slots=True)
class Call:
    """One request. Times are seconds of the centre's clock since 1970."""

    office: str
    at: float
    end: float | None
    key: str | None
    route: str
    failed: bool
    succeeded: bool
    told: float | None = None
    """Until when the answer asked not to be asked again."""
    retry: bool = False
    """The key had been tried before."""

    @property
    def paced(self) -> bool:
        """Whether the client decides how many of these it has out."""
        return self.route in PACED


def is_failure(entry: Entry) -> bool:
    """Whether the client got nothing that a centre at work would say."""
    if not entry.finished:
        return False
    status = entry.status or 0
    refused = status >= 500 or 300 <= status < 400 or status in NOT_THE_CENTRES
    return not entry.acknowledged or refused or entry.fault in SPOILED


def told_until(retry_after: str | None, ended: datetime | None) -> float | None:
    """The time that a Retry-After names: seconds, or a date. None for none and for garbage."""
    if retry_after is None or ended is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return ended.timestamp() + float(text) if len(text) < 10 else None
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def calls_of(entries: Iterable[Entry], *, together: bool = False) -> list[Call]:
    """Requests in the order in which they began, each with the office that it belongs to.

    A probe names no office: it belongs to the one office that its connection served, or else to the one office
    there is, or else to none. `together` takes all as one client's.
    """
    known = sorted(entries, key=lambda each: each.at)
    owners = _owners(known)
    everybody = {office for offices in owners.values() for office in offices}
    seen: set[tuple[str, str]] = set()
    calls = []
    for entry in known:
        candidates = owners.get(entry.connection) or everybody
        alone = next(iter(candidates)) if len(candidates) == 1 else UNNAMED
        office = TOGETHER if together else entry.office or alone
        calls.append(_call(entry, office))
        if entry.key is not None:
            calls[-1].retry = entry.attempt > 1 or (office, entry.key) in seen
            seen.add((office, entry.key))
    return calls


def _owners(entries: list[Entry]) -> dict[int, set[str]]:
    owners: defaultdict[int, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.office:
            owners[entry.connection].add(entry.office)
    return owners


def _call(entry: Entry, office: str) -> Call:
    failed = is_failure(entry)
    return Call(
        office=office,
        at=entry.at.timestamp(),
        end=entry.ended_at.timestamp() if entry.ended_at else None,
        key=entry.key,
        route=entry.route,
        failed=failed,
        succeeded=entry.finished and not failed,
        told=told_until(entry.retry_after, entry.ended_at),
    )


def by_office(calls: Iterable[Call]) -> dict[str, list[Call]]:
    """Each office's own calls, in order."""
    found: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        found[call.office].append(call)
    return dict(found)
