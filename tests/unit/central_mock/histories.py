"""Histories made by hand: requests as the journal would have them, without a centre."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from services.central_mock.journal.domain import Entry
from shared.clock import microseconds

EIGHT = datetime(2016, 9, 16, 1, 0, tzinfo=UTC)
EIGHT_US = microseconds(EIGHT)
RECORDS, RECORD, HEALTH = "/central/v1/records", "/central/v1/records/{key}", "/central/v1/health"
OFFICE = "33.13.07"


class History:
    """Times are seconds after eight o'clock."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._ids = itertools.count(1)
        self._attempts: dict[tuple[str, str | None], int] = {}

    def request(
        self,
        at: float,
        *,
        took: float | None = 0.01,
        status: int | None = 201,
        key: str | None = None,
        route: str = RECORDS,
        office: str | None = OFFICE,
        **more: Any,
    ) -> Entry:
        """One request; without `took` it still runs, without `status` it got no answer."""
        attempt = self._attempts[route, key] = self._attempts.get((route, key), 0) + 1
        entry = Entry(
            next(self._ids),
            microseconds(EIGHT + timedelta(seconds=at)),
            connection=more.pop("connection", 1),
            method="POST" if route == RECORDS else "GET",
            route=route,
            key=key,
            office=office,
            attempt=attempt if key else 1,
            status=status,
            acknowledged=status is not None,
            finished=took is not None,
            ended_us=microseconds(EIGHT + timedelta(seconds=at + took)) if took is not None else None,
            **more,
        )
        self.entries.append(entry)
        return entry

    def down(self, at: float, **more: Any) -> Entry:
        """One that a front answers with 503."""
        return self.request(at, **({"status": 503} | more))

    def probe(self, at: float, *, up: bool, **more: Any) -> Entry:
        """A look at the centre's health."""
        return self.request(at, route=HEALTH, status=200 if up else 503, office=None, **more)
