"""What a service counts of itself: calls by method and code, and how long they took."""

from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_LABELS: Final = ("grpc_service", "grpc_method")
_STARTED: Final = Counter("grpc_server_started", "Calls that arrived.", _LABELS)
_HANDLED: Final = Counter(
    "grpc_server_handled", "Calls that were answered, by code.", (*_LABELS, "grpc_code")
)
_SECONDS: Final = Histogram(
    "grpc_server_handling_seconds",
    "Seconds from arrival to answer.",
    _LABELS,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_CLIENT_HANDLED: Final = Counter(
    "grpc_client_handled", "Calls that were made, by code.", (*_LABELS, "grpc_code")
)
JOB_RUNS: Final = Counter("job_runs", "Runs of a job, by outcome.", ("job", "outcome"))
JOB_DONE: Final = Counter("job_done", "Things that a job has done.", ("job",))
IN_FLIGHT: Final = Gauge("writes_in_flight", "Writes whose transaction is open.")


def call_started(service: str, method: str) -> None:
    _started(service, method).inc()


def call_handled(service: str, method: str, code: str, *, seconds: float) -> None:
    _handled(service, method, code).inc()
    _seconds(service, method).observe(seconds)


def call_made(path: bytes, code: str) -> None:
    """Count a call to another process; the path is /package.Service/Method."""
    _call_made(path, code).inc()


# Looking labels up costs more than counting.
@cache
def _started(service: str, method: str) -> Counter:
    return _STARTED.labels(service, method)


@cache
def _handled(service: str, method: str, code: str) -> Counter:
    return _HANDLED.labels(service, method, code)


@cache
def _seconds(service: str, method: str) -> Histogram:
    return _SECONDS.labels(service, method)


@cache
def _call_made(path: bytes, code: str) -> Counter:
    service, _, method = path.decode().strip("/").partition("/")
    return _CLIENT_HANDLED.labels(service, method, code)
