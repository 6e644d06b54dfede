"""Which entries are asked for: judged the same in memory and on disk."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import AwareDatetime

from services.central_mock.faults.specs.kinds import Kind
from services.central_mock.journal.domain import AnyEntry, Outcome, What

OfficePattern = Annotated[
    str | None, Query(max_length=20, description="A code; a trailing `*` stands for any end")
]
RuleName = Annotated[
    str | None, Query(max_length=100, pattern=r"^[^|%]+$", description="The rule that acted")
]
PLAIN = (
    "key",
    "fault",
    "method",
    "route",
    "status",
    "outcome",
    "applied",
    "acknowledged",
    "finished",
    "connection",
)


@dataclass(frozen=True)
class Wanted:
    """What is asked; None asks nothing."""

    what: tuple[What, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    office: str | None = None
    rule: str | None = None
    fired: bool | None = None
    plain: tuple[tuple[str, Any], ...] = ()
    """Fields that must equal a value."""

    def matches(self, entry: AnyEntry) -> bool:
        """Whether the entry has all that was asked."""
        if self.what and entry.what not in self.what:
            return False
        if self.since is not None and entry.at < self.since:
            return False
        if self.until is not None and entry.at >= self.until:
            return False
        if self.rule is not None and self.rule not in entry.rules:
            return False
        if self.fired is not None and bool(entry.rules) is not self.fired:
            return False
        if self.office is not None and not _is_office(self.office, getattr(entry, "office", None)):
            return False
        return all(_field(entry, name) == value for name, value in self.plain)


def _field(entry: AnyEntry, name: str) -> Any:
    if name == "connection" and entry.what is What.CONNECTION:
        return entry.id
    return getattr(entry, name, _MISSING.get(name))


_MISSING = {"applied": False, "acknowledged": False}
"""As the rows have them that have no such thing."""


def _is_office(pattern: str, office: str | None) -> bool:
    if office is None:
        return False
    return office.startswith(pattern[:-1]) if pattern.endswith("*") else office == pattern


async def asked(
    *,
    what: Annotated[list[What], Query(description="Requests alone, unless it is said")] = [],  # noqa: B006  # FastAPI copies it
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    office: OfficePattern = None,
    rule: RuleName = None,
    fired: Annotated[bool | None, Query(description="Whether any rule acted")] = None,
    key: str | None = None,
    fault: Annotated[Kind | None, Query(description="The kind of the first fault that acted")] = None,
    method: str | None = None,
    route: str | None = None,
    status: int | None = None,
    outcome: Outcome | None = None,
    applied: bool | None = None,
    acknowledged: bool | None = None,
    finished: bool | None = None,
    connection: int | None = None,
) -> Wanted:
    """The filters that the journal, its export and its stream share."""
    given = locals()
    return Wanted(
        what=tuple(what),
        since=since,
        until=until,
        office=office,
        rule=rule,
        fired=fired,
        plain=tuple((name, given[name]) for name in PLAIN if given[name] is not None),
    )


Asked = Annotated[Wanted, Depends(asked)]
