"""What the gateway counts, in Prometheus' words."""

from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any

from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from gateway.engine.execution import Outcome

# Clients choose the names of operations, so only so many get a time series of their own.
NAMES_MAX = 200
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one gateway, in a registry of their own: a test process has several."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
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
        self.refused = Counter(
            "graphql_requests_refused",
            "Requests that were refused before execution, by code.",
            ("code",),
            registry=self.registry,
        )
        self.operations = OperationCounts()
        self.plans = PlanCounts()
        self.registry.register(self.operations)
        self.registry.register(self.plans)
        self.sockets = Gauge("websockets", "Open WebSockets.", registry=self.registry)

    def requested(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request."""
        _labelled(self.requests, method, route, status).inc()
        _labelled(self.request_seconds, route).observe(seconds)

    def text(self) -> bytes:
        """Write these counters, and what libraries and the gRPC clients count in the process."""
        return generate_latest(self.registry) + generate_latest(REGISTRY)


class OperationCounts(Collector):
    """How operations ended, and how long they took."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._ended: dict[tuple[str, str, str], int] = {}
        self._seconds: dict[str, float] = {}
        # How many took up to the bound at the same place, and how many took longer than all.
        self._buckets: dict[str, list[int]] = {}

    def ended(self, *, kind: str, name: str, code: str, seconds: float) -> None:
        """Count an operation, by numbers that are only made into metrics when somebody looks."""
        key = (kind, self._bounded(name), code)
        self._ended[key] = self._ended.get(key, 0) + 1
        buckets = self._buckets.get(kind)
        if buckets is None:
            buckets = self._buckets[kind] = [0] * (len(LATENCY_BUCKETS) + 1)
            self._seconds[kind] = 0.0
        buckets[bisect_left(LATENCY_BUCKETS, seconds)] += 1
        self._seconds[kind] += seconds

    def collect(self) -> Iterator[Metric]:
        ended = CounterMetricFamily(
            "graphql_operations",
            "GraphQL operations by name and by the code of their first error.",
            labels=("kind", "operation", "code"),
        )
        for labels, count in self._ended.items():
            ended.add_metric(labels, count)
        yield ended
        seconds = HistogramMetricFamily(
            "graphql_operation_seconds", "Time to execute an operation.", labels=("kind",)
        )
        bounds = [*map(floatToGoString, LATENCY_BUCKETS), "+Inf"]
        for kind, buckets in self._buckets.items():
            seconds.add_metric(
                (kind,), list(zip(bounds, accumulate(buckets), strict=True)), self._seconds[kind]
            )
        yield seconds

    def _bounded(self, name: str) -> str:
        if name in self._names:
            return name
        if len(self._names) >= NAMES_MAX:
            return "other"
        self._names.add(name)
        return name


class PlanCounts(Collector):
    """Who answered operations, and what the steps of plans asked; counted for each operation."""

    def __init__(self) -> None:
        self._executions: Counts[tuple[str, str]] = Counts()
        self._steps: Counts[str] = Counts()
        self._keys: Counts[str] = Counts()

    def executed(self, outcome: Outcome) -> None:
        """Count an operation, by numbers that are only made into metrics when somebody looks."""
        reason = outcome.reason
        self._executions["compiled" if reason is None else "reference", reason or ""] += 1
        for step in outcome.steps:
            self._steps[step.rpc] += 1
            self._keys[step.rpc] += step.keys

    def collect(self) -> Iterator[CounterMetricFamily]:
        executions = CounterMetricFamily(
            "graphql_executions",
            "Operations by who answered: a compiled plan, or the reference executor and why.",
            labels=("executor", "reason"),
        )
        for labels, count in self._executions.items():
            executions.add_metric(labels, count)
        yield executions
        for name, text, counts in (
            ("graphql_plan_steps", "Steps that plans took.", self._steps),
            ("graphql_plan_keys", "Keys that those steps asked for.", self._keys),
        ):
            family = CounterMetricFamily(name, text, labels=("rpc",))
            for rpc, count in counts.items():
                family.add_metric((rpc,), count)
            yield family


@lru_cache(maxsize=4_096)
def _labelled(metric: Any, *labels: object) -> Any:
    """Find the time series of a metric; the library checks the labels at each look."""
    return metric.labels(*labels)


CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0
