"""One error: a refusal with a reason from the contract, and both ends of its way over the wire."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Self

import grpc
from google.rpc import error_details_pb2, status_pb2

# Clients cut trailing metadata off at 8 KiB, so everything that goes into it is bounded.
MESSAGE_LENGTH_MAX: Final = 200
VIOLATIONS_BYTES_MAX: Final = 3 * 1024


class Refusal(Exception):
    """Says no for a reason callers rely on: InsufficientBalance → INSUFFICIENT_BALANCE."""

    code: ClassVar[str] = "FAILED_PRECONDITION"

    def __init__(self, message: str, *, field: str | None = None, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.metadata = metadata
        self.violations: list[tuple[str, str]] = [] if field is None else [(field, message)]

    @property
    def reason(self) -> str:
        # Before a capital that begins a word; "NotADistributor" has three.
        boundary = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
        return re.sub(boundary, "_", type(self).__name__).upper()


class InvalidArgument(Refusal):
    code = "INVALID_ARGUMENT"

    @classmethod
    def many(cls, violations: Sequence[tuple[str, str]]) -> Self:
        """Refuse several fields at once; each violation is (field path, what is wrong)."""
        refusal = cls("; ".join(f"{path}: {message}" for path, message in violations))
        refusal.violations = list(violations)
        return refusal


class NotFound(Refusal):
    code = "NOT_FOUND"


class PermissionDenied(Refusal):
    code = "PERMISSION_DENIED"


class Unauthenticated(Refusal):
    code = "UNAUTHENTICATED"


class RequestIdReused(Refusal):
    code = "ABORTED"


class ResourceExhausted(Refusal):
    code = "RESOURCE_EXHAUSTED"


class Unavailable(Refusal):
    """A fault that passes: nothing was kept, asking again is right."""

    code = "UNAVAILABLE"


class DeadlineExceeded(Refusal):
    code = "DEADLINE_EXCEEDED"


class Internal(Refusal):
    """What callers see of a defect; the trace is in the log."""

    code = "INTERNAL"


# Both ends of the wire stand below in one place, so that they cannot drift apart.

DETAILS_KEY: Final = "grpc-status-details-bin"


def status_code(code: str) -> grpc.StatusCode:
    return grpc.StatusCode[code]


def status_of(refusal: Refusal, *, service: str) -> status_pb2.Status:
    """Write a refusal as google.rpc.Status: ErrorInfo, and BadRequest where fields are named."""
    status = status_pb2.Status(
        code=status_code(refusal.code).value[0], message=_short(refusal.message)
    )
    info = error_details_pb2.ErrorInfo(
        reason=refusal.reason,
        domain=f"{service}.partner",
        metadata={key: _short(value) for key, value in refusal.metadata.items()},
    )
    status.details.add().Pack(info)
    if refusal.violations:
        status.details.add().Pack(_bad_request(refusal.violations))
    return status


def _bad_request(violations: Iterable[tuple[str, str]]) -> error_details_pb2.BadRequest:
    bad_request = error_details_pb2.BadRequest()
    for path, message in violations:
        if bad_request.ByteSize() > VIOLATIONS_BYTES_MAX:
            break
        bad_request.field_violations.add(field=_short(path), description=_short(message))
    return bad_request


def _short(text: str) -> str:
    return text if len(text) <= MESSAGE_LENGTH_MAX else text[: MESSAGE_LENGTH_MAX - 1] + "…"


@dataclass(frozen=True)
class Received:
    """A refusal as its caller sees it."""

    code: str
    message: str
    reason: str = ""
    domain: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    violations: list[tuple[str, str]] = field(default_factory=list)


def received(error: grpc.aio.AioRpcError) -> Received:
    """Read what a failed call brought; an error without details keeps its code and text."""
    code, message = error.code().name, error.details() or ""
    details = _details(error.trailing_metadata() or ())
    if details is None:
        return Received(code=code, message=message)
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in details.details:
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(bad_request.DESCRIPTOR):
            detail.Unpack(bad_request)
    return Received(
        code=code,
        message=message,
        reason=info.reason,
        domain=info.domain,
        metadata=dict(info.metadata),
        violations=[(item.field, item.description) for item in bad_request.field_violations],
    )


def _details(metadata: Iterable[Any]) -> status_pb2.Status | None:
    for key, value in metadata:
        if key == DETAILS_KEY and isinstance(value, bytes):
            return status_pb2.Status.FromString(value)
    return None
