"""The centre's metrics: counted where entries end, at the cost of a dictionary entry, and told when Prometheus asks."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from services.central_mock.journal import repository
from services.central_mock.journal.domain import AnyEntry, Entry
from services.central_mock.journal.journal import Journal
from shared.database import Database, DatabaseUnavailable

COUNTED_EVERY = 5.0
"""Real seconds."""
ROUTES = frozenset(
    {
        "/central/v1/records",
        "/central/v1/records/{key}",
        "/central/v1/results",
        "/central/v1/reconciliations",
        "/central/v1/imports",
        "/central/v1/residents",
        "/central/v1/residents/{nik}",
        "/central/v1/keys",
        "/central/v1/health",
    }
)
OTHER = "other"
NO_ANSWER = "none"


class KnowsRows(Protocol):
    """Who knows how many entries are on disk."""

    rows: int


class CentreFigures(Collector):
    """What happened since the start, and what is so now."""

    def __init__(self, journal: Journal, keeper: KnowsRows) -> None:
        self._journal = journal
        self._keeper = keeper
        self._requests: Counter[tuple[str, str, int | None]] = Counter()
        self._fired: Counter[str] = Counter()
        self.applied = 0
        """Records that took effect, of imports too."""
        self.forgotten = 0
        """Records that the centre forgot after it had acknowledged them."""
        self.held = 0
        self.connections_open: Callable[[], int] = lambda: 0
        self.rules_on: Callable[[], int] = lambda: 0
        journal.observers.append(self._count)

    def _count(self, ended: list[AnyEntry]) -> None:
        for each in ended:
            if isinstance(each, Entry):
                self._requests[each.method, each.route if each.route in ROUTES else OTHER, each.status] += 1
                if each.fault is not None:
                    self._fired[str(each.fault)] += 1

    def collect(self) -> Iterator[Any]:
        """Prometheus asks."""
        self._journal.settle()
        yield from self._of_requests()
        yield from self._since_the_start()
        yield from self._now()

    def _of_requests(self) -> Iterator[Any]:
        requests = CounterMetricFamily(
            "ektp_central_requests_total",
            "Requests that the centre's port took, faults included",
            labels=["method", "route", "status"],
        )
        for (method, route, status), number in self._requests.items():
            requests.add_metric([method, route, NO_ANSWER if status is None else str(status)], number)
        yield requests
        fired = CounterMetricFamily(
            "ektp_central_faults_fired_total", "Requests on which a fault acted, by its kind", labels=["kind"]
        )
        for kind, number in self._fired.items():
            fired.add_metric([kind], number)
        yield fired

    def _since_the_start(self) -> Iterator[Any]:
        yield CounterMetricFamily(
            "ektp_central_records_applied_total", "Records that took effect", self.applied
        )
        yield CounterMetricFamily(
            "ektp_central_records_forgotten_total",
            "Records that a fault made the centre forget",
            self.forgotten,
        )
        yield CounterMetricFamily(
            "ektp_central_journal_lost_total",
            "Journal entries that never reached the disk",
            self._journal.lost,
        )

    def _now(self) -> Iterator[Any]:
        yield GaugeMetricFamily("ektp_central_records_held", "Records that the centre holds", self.held)
        yield GaugeMetricFamily("ektp_central_rules_on", "Fault rules that are on", self.rules_on())
        yield GaugeMetricFamily(
            "ektp_central_connections_open", "Connections to the centre's API", self.connections_open()
        )
        yield GaugeMetricFamily("ektp_central_journal_rows", "Journal entries on disk", self._keeper.rows)
        yield GaugeMetricFamily(
            "ektp_central_journal_waiting", "Journal entries not yet on disk", len(self._journal.unwritten)
        )
        yield GaugeMetricFamily(
            "ektp_central_stream_followers", "Who follows the event stream", len(self._journal.followers)
        )
        yield GaugeMetricFamily(
            "ektp_central_stream_lag", "Events that the slowest follower has not been told", self._lag()
        )

    def _lag(self) -> int:
        return max((self._journal.last_seq - each.told for each in self._journal.followers), default=0)


async def watch(figures: CentreFigures, database: Database) -> None:
    """Count what is held now and then, beside the event loop: rules make the centre forget in several ways."""
    while True:
        with suppress(DatabaseUnavailable):
            figures.held = await database.read(repository.held)
        await asyncio.sleep(COUNTED_EVERY)
