"""A call between arrival and answer: what is counted, what is logged, what errors become."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import grpc
from google.rpc import status_pb2

from services.kit import log, metrics
from services.kit.contract import Rpc
from services.kit.database import passing_fault
from services.kit.errors import DETAILS_KEY, Internal, Refusal
from services.kit.identity import Principal

REPLAY_KEY: Final = "x-idempotent-replay"

_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}
_log: Final = log.logger("rpc")


@dataclass(slots=True)
class Arrival:
    """A call on its way through the wrapper."""

    rpc: Rpc
    context: Any
    now: datetime
    started: float = field(default_factory=time.perf_counter)
    principal: Principal | None = None
    request_id: str | None = None
    is_replay: bool = False

    def __post_init__(self) -> None:
        metrics.call_started(self.rpc.service_name, self.rpc.name)

    def fault(self, error: Exception) -> Refusal:
        """Say what callers see of an error that is no refusal; the trace goes to the log."""
        passing = passing_fault(error)
        if passing is not None:
            _log.warning("fault", method=self.rpc.full_name, error=repr(error)[:500])
            return passing
        _log.error("defect", method=self.rpc.full_name, exc_info=error)
        return Internal("internal error")

    def replay_metadata(self) -> tuple[tuple[str, str], ...]:
        return ((REPLAY_KEY, "true"),) if self.is_replay else ()

    def write_line(self, code: str) -> None:
        seconds = time.perf_counter() - self.started
        metrics.call_handled(self.rpc.service_name, self.rpc.name, code, seconds=seconds)
        line: dict[str, Any] = {
            "method": self.rpc.full_name,
            "code": code,
            "ms": round(seconds * 1000, 2),
        }
        if self.principal is not None:
            line["subject"] = self.principal.subject
            line["role"] = self.principal.role.value
            line["tenant"] = str(self.principal.tenant_id)
        if self.request_id is not None:
            line["request_id"] = self.request_id
        if self.is_replay:
            line["replay"] = True
        _log.info("rpc", **line)

    async def abort(self, status: status_pb2.Status) -> None:
        """End the call with a status; always raises."""
        await self.context.abort(
            _CODES[status.code],
            status.message,
            ((DETAILS_KEY, status.SerializeToString()), *self.replay_metadata()),
        )


def code_name(status: status_pb2.Status) -> str:
    return _CODES[status.code].name
