"""Reads the cells of a FOCUS file: decimals, times and codes; tolerant of form, never of value."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeVar

import orjson

from services.kit.money import decimal_text

DIGITS_MAX: Final = 20
DECIMALS_MAX: Final = 15
SHOWN_LENGTH_MAX: Final = 60

_PLAIN: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,15})?")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
# A file may write 400 digits; reading them must not round before they are counted.
_WIDE: Final = Context(prec=1200, Emax=2000, Emin=-2000, traps=[InvalidOperation, Inexact])
_ROUNDING: Final = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
_SMALLEST: Final = Decimal(1).scaleb(-DECIMALS_MAX)
_LENGTH_MAX: Final = 400
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_NOT_WORD: Final = re.compile(r"[^\w.]+")
_YEAR_MIN: Final = 2000
_YEAR_MAX: Final = 2100

_Enum = TypeVar("_Enum", bound=StrEnum)


class RowFlaw(Exception):
    """Why a row can not be taken, and the column at fault if one is."""

    def __init__(self, reason: str, *, column: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column


def amount(text: str, *, column: str) -> Decimal:
    """Read an amount of money exactly.

    :raises RowFlaw: where it is no number or would have to be rounded.
    """
    value = _decimal(text, column=column)
    if value != _rounded(value):
        raise RowFlaw(f"has more than {DECIMALS_MAX} decimals: {shown(text)}", column=column)
    return value


def quantity(text: str, *, column: str) -> tuple[Decimal, bool]:
    """Read a quantity, rounded to what is kept, and say whether it had to be rounded."""
    value = _decimal(text, column=column)
    rounded = _rounded(value)
    return rounded, rounded != value


def _decimal(text: str, *, column: str) -> Decimal:
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    if len(text) > _LENGTH_MAX or not _NUMBER.fullmatch(text):
        raise RowFlaw(f"is no decimal: {shown(text)}", column=column)
    try:
        value = _WIDE.create_decimal(text)
    except ArithmeticError:
        raise RowFlaw(f"is no decimal that can be kept: {shown(text)}", column=column) from None
    if value.is_zero():
        return Decimal(0)
    if value.adjusted() >= DIGITS_MAX:
        raise RowFlaw(f"has more than {DIGITS_MAX} digits: {shown(text)}", column=column)
    # Zeros at the end carry nothing; without them the value says how many decimals it needs.
    return value.normalize(_WIDE)


def _rounded(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -DECIMALS_MAX:
        return value
    return value.quantize(_SMALLEST, context=_ROUNDING)


@lru_cache(maxsize=4096)
def moment(text: str, *, column: str) -> datetime:
    """Read a time; without a zone it is UTC, as FOCUS asks for.

    :raises RowFlaw: where it is no time of ISO 8601.
    """
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise RowFlaw(f"is no time of ISO 8601: {shown(text)}", column=column) from None
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if value.year < _YEAR_MIN or value.year > _YEAR_MAX:
        raise RowFlaw(f"is no time of cloud computing: {shown(text)}", column=column)
    return value.astimezone(UTC)


def currency(text: str, *, column: str) -> str:
    code = text.upper()
    if _CURRENCY.fullmatch(code) is None:
        raise RowFlaw(f"is no ISO 4217 code: {shown(text)}", column=column)
    return code


def named(
    kind: type[_Enum], text: str, *, column: str, numbers: Mapping[str, _Enum] | None = None
) -> _Enum:
    """Read a value of an enum by its name in any case, or by the vendor's number."""
    name = re.sub(r"[^A-Z]+", "_", text.upper())
    if name in kind.__members__:
        return kind[name]
    if numbers is not None and text in numbers:
        return numbers[text]
    raise RowFlaw(f"is none of {', '.join(kind)}: {shown(text)}", column=column)


def count(text: str, *, column: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > len("2147483647") - 1:
        raise RowFlaw(f"is no count: {shown(text)}", column=column)
    return int(text)


@lru_cache(maxsize=4096)
def code(name: str) -> str:
    """Make a code of a name where the file has none: "Amazon EC2" → "amazon-ec2"."""
    return _NOT_WORD.sub("-", name.lower()).strip("-") or "unknown"


def is_json_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def canonical_decimal(text: str) -> str:
    """Write equal decimals alike; a text that is none stays as it is."""
    if _PLAIN.fullmatch(text) is None:
        try:
            return decimal_text(_decimal(text, column=""))
        except RowFlaw:
            return text
    head, point, decimals = text.partition(".")
    decimals = decimals.rstrip("0")
    head = head.lstrip("-").lstrip("0") or "0"
    value = f"{head}{point}{decimals}" if decimals else head
    return f"-{value}" if text.startswith("-") and value != "0" else value


def canonical_moment(text: str) -> str:
    try:
        return moment(text, column="").isoformat()
    except RowFlaw:
        return text


def shown(text: str) -> str:
    """Quote a cell in a report, not all of it and on one line."""
    return repr(text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}…")
