"""Money: an exact amount in one currency, refusing to be mixed."""

import re
from dataclasses import dataclass
from decimal import Context, Decimal, FloatOperation, Inexact, InvalidOperation
from typing import Final, Self

from partner.type.v1 import money_pb2
from services.kit.errors import InvalidArgument

# Exact or an error: 38 digits are what NUMERIC(38,15) holds.
EXACT: Final = Context(prec=38, traps=[InvalidOperation, FloatOperation, Inexact])
_AMOUNT: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,15})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum: a defect of the caller, never a user's fault."""


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency_code: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            message = f"an amount of money is a Decimal, not {type(self.amount).__name__}"
            raise TypeError(message)

    @classmethod
    def from_message(cls, message: money_pb2.Money, *, field: str) -> Self:
        """Read an amount as it was sent.

        :raises InvalidArgument: where the amount or the currency code is malformed.
        """
        amount = decimal_from_text(message.amount, field=f"{field}.amount")
        if _CURRENCY.fullmatch(message.currency_code) is None:
            raise InvalidArgument(
                "must be an ISO 4217 code like CNY", field=f"{field}.currency_code"
            )
        return cls(amount, message.currency_code)

    @classmethod
    def from_minor_units(cls, units: int, currency_code: str, *, exponent: int) -> Self:
        return cls(EXACT.scaleb(Decimal(units), -exponent), currency_code)

    def to_minor_units(self, *, exponent: int) -> int:
        """Count in the smallest unit; exponent 2 makes 12.30 into 1230.

        :raises decimal.Inexact: where a fraction of the smallest unit would be lost.
        """
        return int(EXACT.to_integral_exact(EXACT.scaleb(self.amount, exponent)))

    def to_message(self) -> money_pb2.Money:
        return money_pb2.Money(amount=decimal_text(self.amount), currency_code=self.currency_code)

    def __add__(self, other: Self) -> Self:
        self._refuse_other_currency(other)
        return type(self)(EXACT.add(self.amount, other.amount), self.currency_code)

    def __sub__(self, other: Self) -> Self:
        self._refuse_other_currency(other)
        return type(self)(EXACT.subtract(self.amount, other.amount), self.currency_code)

    def __mul__(self, factor: int | Decimal) -> Self:
        return type(self)(EXACT.multiply(self.amount, Decimal(factor)), self.currency_code)

    def __neg__(self) -> Self:
        return type(self)(EXACT.minus(self.amount), self.currency_code)

    def __lt__(self, other: Self) -> bool:
        self._refuse_other_currency(other)
        return self.amount < other.amount

    def __le__(self, other: Self) -> bool:
        self._refuse_other_currency(other)
        return self.amount <= other.amount

    def __gt__(self, other: Self) -> bool:
        return other < self

    def __ge__(self, other: Self) -> bool:
        return other <= self

    def _refuse_other_currency(self, other: Self) -> None:
        if self.currency_code != other.currency_code:
            message = f"{self.currency_code} and {other.currency_code} do not mix"
            raise CurrencyMismatch(message)


def decimal_from_text(text: str, *, field: str) -> Decimal:
    """Read a plain decimal: no exponent, no sign but minus, no digits beyond ASCII.

    :raises InvalidArgument: where the text is none.
    """
    if _AMOUNT.fullmatch(text) is None:
        raise InvalidArgument(
            "must be a plain decimal of at most 20 digits and 15 decimals", field=field
        )
    return Decimal(text)


def decimal_text(value: Decimal) -> str:
    """Write a plain decimal: no exponent, no trailing zeros, no minus before zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
