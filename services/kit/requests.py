"""Checks every request on arrival, and writes what its client said in one canonical form."""

import calendar
from collections.abc import Callable, Collection, Mapping
from datetime import MAXYEAR
from decimal import Decimal
from functools import cache, partial
from typing import Any, Final

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from partner.type.v1 import options_pb2
from services.kit.errors import InvalidArgument
from services.kit.money import decimal_text

TEXT_LENGTH_MAX: Final = 10_000
BYTES_LENGTH_MAX: Final = 1_048_576
REPEATED_MAX: Final = 500
DEPTH_MAX: Final = 20

# Fields that hold a decimal as text: "1.50" and "1.5" say the same.
_DECIMALS: Final = frozenset({"partner.type.v1.Money.amount", "google.type.Decimal.value"})
# 0001-01-01 and the last second of 9999, in seconds since 1970.
_FIRST_SECOND: Final = -62_135_596_800
_LAST_SECOND: Final = 253_402_300_799
_NANOS: Final = 1_000_000_000
_MONTHS: Final = 12

_Check = Callable[[Any], None]


class _Flaw(Exception):
    """What is wrong, and the way to it, collected from the inside out."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path: list[str] = []


def validate(request: Message) -> None:
    """Refuse what no method should see: unknown enum numbers, NUL, endless texts and lists.

    :raises InvalidArgument: naming the field by its path, like "filter.states[2]".
    """
    try:
        _check_message(request, depth=0)
    except _Flaw as flaw:
        path = ".".join(reversed(flaw.path)).replace(".[", "[")
        raise InvalidArgument(flaw.message, field=path) from None


def _check_message(message: Message, *, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise _Flaw("is nested too deeply")
    checks = _checks(message.DESCRIPTOR)
    for field, value in message.ListFields():
        check = checks.get(field.number)
        if check is not None:
            try:
                check(value, depth=depth)
            except _Flaw as flaw:
                flaw.path.append(field.name)
                raise
    special = _SPECIAL.get(message.DESCRIPTOR.full_name)
    if special is not None:
        special(message)


@cache
def _checks(descriptor: Descriptor) -> Mapping[int, Callable[..., None]]:
    """Choose once per message type what is checked of each field."""
    return {
        field.number: check
        for field in descriptor.fields
        if (check := _check_of(field)) is not None
    }


def _check_of(field: FieldDescriptor) -> Callable[..., None] | None:
    if (of_value := _map_value(field)) is not None:
        return partial(_check_map, single=_check_of(of_value))
    single: Callable[..., None] | None = None
    if field.type == FieldDescriptor.TYPE_STRING:
        single = _check_text
    elif field.type == FieldDescriptor.TYPE_BYTES:
        single = _check_bytes
    elif field.enum_type is not None:
        single = partial(_check_enum, known=frozenset(field.enum_type.values_by_number))
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        single = _check_message
    return partial(_check_list, single=single) if field.is_repeated else single


def _map_value(field: FieldDescriptor) -> FieldDescriptor | None:
    """Give the value's field where this one is a map."""
    entry = field.message_type
    if entry is None or not entry.GetOptions().map_entry:
        return None
    return entry.fields_by_name["value"]


def _check_text(value: str, *, depth: int) -> None:  # noqa: ARG001 - checks are called alike
    if len(value) > TEXT_LENGTH_MAX:
        raise _Flaw(f"must have at most {TEXT_LENGTH_MAX} characters")
    if "\0" in value:
        raise _Flaw("must not contain the NUL character")


def _check_bytes(value: bytes, *, depth: int) -> None:  # noqa: ARG001 - checks are called alike
    if len(value) > BYTES_LENGTH_MAX:
        raise _Flaw(f"must have at most {BYTES_LENGTH_MAX} bytes")


def _check_enum(value: int, *, depth: int, known: Collection[int]) -> None:  # noqa: ARG001 - alike
    if value not in known:
        raise _Flaw(f"{value} is not a known value")


def _check_list(values: Any, *, depth: int, single: Callable[..., None] | None) -> None:
    if len(values) > REPEATED_MAX:
        raise _Flaw(f"must have at most {REPEATED_MAX} elements")
    if single is None:
        return
    for index, value in enumerate(values):
        try:
            single(value, depth=depth + 1)
        except _Flaw as flaw:
            flaw.path.append(f"[{index}]")
            raise


def _check_map(values: Any, *, depth: int, single: Callable[..., None] | None) -> None:
    if len(values) > REPEATED_MAX:
        raise _Flaw(f"must have at most {REPEATED_MAX} entries")
    for key, value in values.items():
        if isinstance(key, str):
            _check_text(key, depth=depth)
        if single is not None:
            single(value, depth=depth + 1)


def _check_timestamp(value: Any) -> None:
    if not _FIRST_SECOND <= value.seconds <= _LAST_SECOND or not 0 <= value.nanos < _NANOS:
        raise _Flaw("must be a time between the years 1 and 9999")


def _check_date(value: Any) -> None:
    known_month = 1 <= value.year <= MAXYEAR and 1 <= value.month <= _MONTHS
    if not known_month or not 1 <= value.day <= calendar.monthrange(value.year, value.month)[1]:
        raise _Flaw("must be a day of the calendar")


_SPECIAL: Final[Mapping[str, _Check]] = {
    "google.protobuf.Timestamp": _check_timestamp,
    "google.type.Date": _check_date,
}


def canonical_json(values: Mapping[str, Any]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def canonical(message: Message, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Write what a client said as plain values: unset is absent, equal decimals are equal.

    What was told in confidence is left out.

    The bytes of a message would not do: their form may differ between versions and languages.
    """
    return {
        field.name: _canonical_field(field, value)
        for field, value in message.ListFields()
        if field.name not in without and not _is_secret(field)
    }


@cache
def _is_secret(field: FieldDescriptor) -> bool:
    """Tell whether a value is told in confidence: even a hash of few digits would give it away."""
    return bool(field.GetOptions().Extensions[options_pb2.secret])


def _canonical_field(field: FieldDescriptor, value: Any) -> Any:
    if (of_value := _map_value(field)) is not None:
        return {str(key): _canonical_value(of_value, item) for key, item in value.items()}
    if field.is_repeated:
        return [_canonical_value(field, item) for item in value]
    return _canonical_value(field, value)


def _canonical_value(field: FieldDescriptor, value: Any) -> Any:
    if isinstance(value, Message):
        return canonical(value)
    if isinstance(value, bytes):
        return value.hex()
    if field.full_name in _DECIMALS:
        return _canonical_decimal(value)
    return value


def _canonical_decimal(text: str) -> str:
    try:
        return decimal_text(Decimal(text))
    except ArithmeticError:
        # Malformed; the method will refuse it.
        return text
