"""Prometheus metrics of one service; labels are route templates and states, never ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REQUEST_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The registry and the metrics that all services share."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self.service = service
        self.requests = Histogram(
            "ektp_http_request_seconds",
            "Time to answer, by route template",
            ["method", "route", "status"],
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self.events = Counter(
            "ektp_events_total",
            "Events by what became of them (published, applied, duplicate, waiting, retried, parked)",
            ["outcome"],
            registry=self.registry,
        )
        self.outbox_age = self.gauge("ektp_outbox_oldest_seconds", "Age of the oldest event the broker lacks")
        self.inbox_waiting = self.gauge("ektp_inbox_waiting", "Events here that can't take effect yet")
        self.task_deaths = Counter(
            "ektp_task_deaths_total", "Background tasks that died", ["task"], registry=self.registry
        )

    def gauge(self, name: str, what: str, labels: tuple[str, ...] = ()) -> Gauge:
        """A gauge of the service's own."""
        return Gauge(name, what, labels, registry=self.registry)

    def counter(self, name: str, what: str, labels: tuple[str, ...] = ()) -> Counter:
        """A counter of the service's own."""
        return Counter(name, what, labels, registry=self.registry)

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)
