"""What the gateway counts, in Prometheus' words."""

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0

# Clients choose the names of operations, so only so many get a time series of their own.
NAMES_MAX = 200
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one gateway, in a registry of their own: a test process has several."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._names: set[str] = set()
        self.requests = Counter(
            "http_requests", "HTTP requests.", ("method", "route", "status"), registry=self.registry
        )
        self.request_seconds = Histogram(
            "http_request_seconds",
            "Time from the head of a request to the end of its response.",
            ("route",),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.operations = Counter(
            "graphql_operations",
            "GraphQL operations by name and by the code of their first error.",
            ("kind", "operation", "code"),
            registry=self.registry,
        )
        self.operation_seconds = Histogram(
            "graphql_operation_seconds",
            "Time to execute an operation.",
            ("kind",),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.refused = Counter(
            "graphql_requests_refused",
            "Requests that were refused before execution, by code.",
            ("code",),
            registry=self.registry,
        )
        self.sockets = Gauge("websockets", "Open WebSockets.", registry=self.registry)

    def operation(self, *, kind: str, name: str, code: str, seconds: float) -> None:
        """Count one executed operation."""
        self.operations.labels(kind, self._bounded(name), code).inc()
        self.operation_seconds.labels(kind).observe(seconds)

    def text(self) -> bytes:
        """Write these counters, and what libraries and the gRPC clients count in the process."""
        return generate_latest(self.registry) + generate_latest(REGISTRY)

    def _bounded(self, name: str) -> str:
        if name in self._names:
            return name
        if len(self._names) >= NAMES_MAX:
            return "other"
        self._names.add(name)
        return name


CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0
