"""How a failure looks to a client: a code, a sentence, and never the inside of the gateway."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from graphql import GraphQLError

from gateway.http.wrong_values import variable_of
from services.kit.errors import InvalidArgument, Refusal

log = structlog.get_logger("gateway")

# Code to status. Names that Apollo's users know are used where Apollo has one.
STATUS = {
    "BAD_REQUEST": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "METHOD_NOT_ALLOWED": 405,
    "REQUEST_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "OVERLOADED": 503,
}
# A client that only knows application/json gets 200 for these: the request was well-formed,
# and before the newer media type a status spoke of HTTP alone.
GRAPHQL_STATUS = {
    "GRAPHQL_PARSE_FAILED": 400,
    "GRAPHQL_VALIDATION_FAILED": 400,
    "BAD_USER_INPUT": 400,
    "OPERATION_RESOLUTION_FAILURE": 400,
    "PERSISTED_QUERY_NOT_FOUND": 400,
    "DOCUMENT_NOT_TRUSTED": 400,
    "LIMIT_EXCEEDED": 400,
    "STREAM_REQUIRED": 400,
    "INCREMENTAL_DELIVERY_NOT_SUPPORTED": 400,
    "THROTTLED": 429,
    "INTERNAL": 500,
    "TIMEOUT": 504,
}

Translate = Callable[[Exception], Mapping[str, Any] | None]
"""Tell an expected exception's message and extensions, or None for an unexpected one."""


class Refused(Exception):
    """A request that is not executed, with the code and status that its sender gets."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.headers = dict(headers or {})
        self.errors: list[dict[str, Any]] = [
            {"message": message, "extensions": {"code": code, **_given(extensions)}}
        ]

    @classmethod
    def because_of(cls, code: str, errors: Sequence[GraphQLError]) -> "Refused":
        """Refuse with what the parser or the validator found."""
        refused = cls(code, errors[0].message)
        refused.errors = [
            {**error.formatted, "extensions": {"code": code, **(error.extensions or {})}}
            for error in errors
        ]
        return refused

    def status(self, *, legacy: bool) -> int:
        """Give the HTTP status; `legacy` for a client of application/json."""
        if self.code in STATUS:
            return STATUS[self.code]
        return 200 if legacy else GRAPHQL_STATUS[self.code]


def _given(extensions: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in extensions.items() if value is not None}


def translate_refusal(error: Exception) -> Mapping[str, Any] | None:
    """Tell the code and the field of a refusal that was raised inside the gateway itself."""
    if not isinstance(error, Refusal):
        return None
    code = "BAD_USER_INPUT" if isinstance(error, InvalidArgument) else error.reason
    extensions: dict[str, Any] = {"code": code}
    if field := getattr(error, "field", None):
        extensions["field"] = field
    return {"message": str(error), "extensions": extensions}


def describe(
    errors: Sequence[GraphQLError], *, request_id: str, translate: Translate
) -> list[dict[str, Any]]:
    """Format the errors of an executed operation; what nobody expected is masked and logged."""
    return [_describe(error, request_id=request_id, translate=translate) for error in errors]


def is_request_error(errors: Sequence[GraphQLError]) -> bool:
    """Tell whether nothing was executed: no error belongs to a field of the answer."""
    return all(error.path is None for error in errors)


def _describe(error: GraphQLError, *, request_id: str, translate: Translate) -> dict[str, Any]:
    described: dict[str, Any] = dict(error.formatted)
    if error.extensions and "code" in error.extensions:
        return described
    cause: Exception = error
    # The executor wraps what was raised, sometimes more than once.
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, GraphQLError):
        # Either it was raised for the client to see, or the executor itself found a value wrong.
        field = variable_of(error)
        named = {"field": field} if field else {}
        extensions = {"code": "BAD_USER_INPUT", **named, **(cause.extensions or {})}
        return {**described, "extensions": extensions}
    if (expected := translate(cause)) is not None:
        return {**described, **expected}
    log.error("resolver failed", request_id=request_id, path=error.path, exc_info=cause)
    return {**described, **internal_error(request_id)}


def internal_error(request_id: str) -> dict[str, Any]:
    """Say that something failed, and under which id its trace is in the log."""
    return {
        "message": "An internal error occurred.",
        "extensions": {"code": "INTERNAL", "requestId": request_id},
    }
