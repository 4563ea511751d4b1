"""The log: one JSON line an event, with the trace and without secrets."""

import io
import json

import structlog

from services.kit import deadlines, log


def logged(*, human: bool) -> str:
    """Log a failure with a secret, the way a process does."""
    raw = io.BytesIO()
    text = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    factory = structlog.PrintLogger(text) if human else structlog.BytesLogger(raw)
    logger = structlog.wrap_logger(factory, processors=log.processors(human=human))
    password = "HIDDEN-VALUE"
    try:
        fail()
    except RuntimeError:
        logger.exception("rpc", method="x", token=password, authorization=password)
    return raw.getvalue().decode()


def fail() -> None:
    raise RuntimeError("broken")


def test_a_machine_reads_one_line_of_json() -> None:
    trace = deadlines.start_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")

    line = logged(human=False)

    event = json.loads(line)
    assert line.count("\n") == 1
    assert event["trace"] == trace == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert event["event"] == "rpc"
    assert "RuntimeError: broken" in event["exception"]
    assert event["token"] == "…"
    assert "HIDDEN-VALUE" not in line.replace(event["exception"], "")


def test_values_of_variables_are_in_no_log() -> None:
    for human in (True, False):
        text = logged(human=human)
        assert "broken" in text
        assert "password = " not in text.replace('password = "HIDDEN-VALUE"', "")


def test_a_trace_that_is_none_begins_anew() -> None:
    for wrong in (None, "", "x", "00-zz-00f067aa0ba902b7-01"):
        trace = deadlines.start_trace(wrong)
        assert len(trace) == 32
        assert deadlines.traceparent().startswith(f"00-{trace}-")
