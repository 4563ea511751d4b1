"""One line per event: JSON for machines, colours for a terminal, the trace on each."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import orjson
import structlog
from structlog.typing import Processor

from services.kit import deadlines

# Values under these names never reach a log, whoever passes them.
_SECRETS: Final = frozenset({"token", "authorization", "password", "key", "secret"})


def configure(*, human: bool) -> None:
    """Set up logging for this process; human-readable in the demo and on a terminal."""
    structlog.configure(
        processors=processors(human=human),
        logger_factory=(
            structlog.PrintLoggerFactory(sys.stderr)
            if human
            else structlog.BytesLoggerFactory(sys.stderr.buffer)
        ),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )


def processors(*, human: bool) -> list[Processor]:
    """Say what becomes of an event; a trace of the stack is plain, without values of variables."""
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        _hide_secrets,
    ]
    if human:
        plain = structlog.dev.plain_traceback
        colours = sys.stderr.isatty()
        renderer = structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)
        return [*shared, renderer]
    return [
        *shared,
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=_json),
    ]


def logger(name: str) -> Any:
    return structlog.get_logger(part=name)


def _json(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


def _add_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    trace = deadlines.trace_id()
    if trace:
        event["trace"] = trace
    return event


def _hide_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in _SECRETS & event.keys():
        event[name] = "…"
    return event
