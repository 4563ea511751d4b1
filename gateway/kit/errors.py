"""What the graph says where a service refuses or fails: a code, the field asked, the reason."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import grpc

from gateway.kit.contract import SNAKE, camel
from services.kit.errors import DeadlineExceeded, InvalidArgument, Received, received

# Codes of gRPC → of the graph. What is not here is a defect: it is logged and masked.
CODES: Final = {
    "INVALID_ARGUMENT": "BAD_USER_INPUT",
    "OUT_OF_RANGE": "BAD_USER_INPUT",
    "NOT_FOUND": "NOT_FOUND",
    "PERMISSION_DENIED": "FORBIDDEN",
    "FAILED_PRECONDITION": "CONFLICT",
    "ABORTED": "CONFLICT",
    "ALREADY_EXISTS": "CONFLICT",
    "RESOURCE_EXHAUSTED": "THROTTLED",
    "UNAVAILABLE": "SERVICE_UNAVAILABLE",
    "DEADLINE_EXCEEDED": "DEADLINE_EXCEEDED",
}
# The service itself says nothing then; the words are ours.
OUTAGES: Final = {
    "UNAVAILABLE": "The {service} service is unavailable.",
    "DEADLINE_EXCEEDED": "The {service} service did not answer in time.",
}

Rename = Callable[[str], str]
"""Turn a path in a request into the path of the argument that filled it."""


class Failed(Exception):
    """An expected failure, with the extensions that its reader gets."""

    def __init__(self, message: str, *, code: str, **extensions: Any) -> None:
        super().__init__(message)
        self.extensions = {"code": code} | {
            name: value for name, value in extensions.items() if value
        }


def bad_input(message: str, *, field: str) -> Failed:
    """Refuse an argument, named as the client wrote it."""
    return Failed(message, code="BAD_USER_INPUT", field=field)


def wrong_argument(refusal: InvalidArgument) -> Failed:
    return Failed(str(refusal), code="BAD_USER_INPUT", field=refusal.field)


def failure(error: Exception, *, service: str, rename: Rename) -> Exception:
    """Translate what a call raised; what nobody expects stays as it is, to be masked."""
    if isinstance(error, DeadlineExceeded):
        what = Received(code="DEADLINE_EXCEEDED", message="")
    elif isinstance(error, grpc.aio.AioRpcError):
        what = received(error)
    else:
        return error
    code = CODES.get(what.code)
    if code is None:
        return error
    if what.code in OUTAGES:
        return Failed(OUTAGES[what.code].format(service=service), code=code, service=service)
    # The reason repeats the code where no rule of the business is behind it.
    reason = what.reason if what.reason != what.code else None
    return Failed(
        worded(what.message, rename),
        code=code,
        field=rename(what.violations[0][0]) if what.violations else None,
        reason=reason,
        metadata={camel(key): value for key, value in what.metadata.items()},
    )


def worded(message: str, rename: Rename) -> str:
    """Put the fields that a sentence names into the words of the graph."""
    return SNAKE.sub(lambda word: rename(word[0]), message)


def renamed(names: Mapping[str, str], *, prefix: str = "", within: str = "") -> Rename:
    """Make a translation of paths: some names differ, all become camelCase.

    `within` is the message of the request whose fields the arguments are, `prefix` the argument.
    """

    def rename(path: str) -> str:
        path = path.removeprefix(f"{within}.") if within else path
        head, rest = re.fullmatch(r"([^.\[]*)(.*)", path, re.DOTALL).groups()  # type: ignore[union-attr] # matches any text
        return f"{prefix}{camel(names.get(head, head))}{camel(rest)}"

    return rename
