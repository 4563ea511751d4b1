"""Leaf types that GraphQL lacks, each written and read as the contract's own message or text."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NewType

import strawberry
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from strawberry.types.scalar import ScalarDefinition

DateTime = NewType("DateTime", str)
Date = NewType("Date", str)
Decimal = NewType("Decimal", str)

SECONDS_A_DAY: Final = 86_400
# Texts of times that are remembered.
TIMES_MAX: Final = 16_384
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATE_TIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DECIMAL: Final = re.compile(r"-?\d{1,20}(\.\d{1,15})?", re.ASCII)


def date_time_text(value: Timestamp) -> str:
    """Write a time as RFC 3339 in UTC, with 0, 3, 6 or 9 digits of a second."""
    nanos = value.nanos
    whole = WHOLE[value.seconds]
    return f"{whole[:-1]}{_fraction(nanos)}Z" if nanos else whole


class _Whole(dict[int, str]):
    """The texts of whole seconds, each written when it is first needed.

    Charges and terms begin and end on the hour: a page has the same few times again and again.
    """

    def __missing__(self, seconds: int) -> str:
        day, second = divmod(seconds, SECONDS_A_DAY)
        minute, second = divmod(second, 60)
        hour, minute = divmod(minute, 60)
        if len(self) >= TIMES_MAX:
            self.clear()
        text = self[seconds] = f"{_day_text(day)}T{hour:02}:{minute:02}:{second:02}Z"
        return text


WHOLE: Final = _Whole()


@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def _fraction(nanos: int) -> str:
    for digits, divisor in ((3, 1_000_000), (6, 1_000)):
        if nanos % divisor == 0:
            return f".{nanos // divisor:0{digits}}"
    return f".{nanos:09}"


def date_text(value: date_pb2.Date) -> str:
    return f"{value.year:04}-{value.month:02}-{value.day:02}"


def decimal_text(value: decimal_pb2.Decimal) -> str:
    text: str = value.value
    return text


def _read_date_time(value: Any) -> Timestamp:
    if not isinstance(value, str) or not (match := _DATE_TIME.fullmatch(value)):
        raise GraphQLError("DateTime must be RFC 3339 with an offset, like 2026-08-31T00:00:00Z.")
    try:
        # The nanoseconds apart: datetime keeps six digits only.
        whole = datetime.fromisoformat(value.upper().replace(match[1] or "", "", 1))
        seconds = (whole.astimezone(UTC) - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        raise GraphQLError(f"There is no time {value!r}.") from None
    return Timestamp(seconds=seconds, nanos=int((match[1] or ".")[1:].ljust(9, "0")))


def _read_date(value: Any) -> date_pb2.Date:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise GraphQLError("Date must be written like 2026-08-31.")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise GraphQLError(f"There is no day {value!r}.") from None
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def _read_decimal(value: Any) -> str:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise GraphQLError(
            "Decimal must be a text of at most 20 digits and 15 decimals, like '12.30'."
        )
    return value


def _literally(read: Callable[[Any], Any]) -> Callable[..., Any]:
    """Read a value in the document, so that its refusal tells where it stands."""

    def parse(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
        try:
            return read(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from None

    return parse


SCALARS: Final[dict[object, ScalarDefinition]] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="A time as RFC 3339 text, always UTC when it comes out: 2026-08-31T16:00:00Z.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=str,
        parse_value=_read_date_time,
        parse_literal=_literally(_read_date_time),
    ),
    Date: strawberry.scalar(
        name="Date",
        description="A day as ISO 8601 text: 2026-08-31.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=str,
        parse_value=_read_date,
        parse_literal=_literally(_read_date),
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal number as plain text: '0.15'. Never a float.",
        serialize=str,
        parse_value=_read_decimal,
        parse_literal=_literally(_read_decimal),
    ),
}
