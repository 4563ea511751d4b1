"""What a running call leaves to those below it: its deadline, its trace, whether it holds locks."""

import re
import time
from contextvars import ContextVar
from random import Random
from typing import Final

# Monotonic seconds at which the running call ends; none outside a call.
_deadline: Final = ContextVar[float | None]("deadline", default=None)
_trace: Final = ContextVar[str]("trace", default="")
# True while a database transaction of this call is open.
transaction_open: Final = ContextVar[bool]("transaction_open", default=False)

# Ids that nobody has to guess: the system's own source of chance would cost a call of it each.
_chance: Final = Random()  # noqa: S311 - they are no secrets
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def set_remaining(seconds: float | None) -> None:
    _deadline.set(None if seconds is None else time.monotonic() + seconds)


def remaining() -> float | None:
    """Give the seconds that the running call has left, or none outside a call."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


def new_hex(bytes_: int) -> str:
    """Make an id of so many bytes, for logs and traces."""
    return f"{_chance.getrandbits(8 * bytes_):0{2 * bytes_}x}"


def start_trace(traceparent: str | None) -> str:
    """Take over the caller's trace id (W3C Trace Context) or begin a new one."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    trace = match[1] if match else new_hex(16)
    _trace.set(trace)
    return trace


def trace_id() -> str:
    return _trace.get()


def traceparent() -> str:
    """Write the running trace for the next process."""
    return f"00-{_trace.get() or new_hex(16)}-{new_hex(8)}-01"
