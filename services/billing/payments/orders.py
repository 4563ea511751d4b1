"""An order to be paid: its lines, and what discounts make of their prices. Amounts are counts.

They count hundredths, or the smallest unit of currencies that know none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final
from uuid import UUID

from services.billing.consumption.charges import ChargingMode
from services.billing.ledger.chart import Unit
from services.kit.errors import InvalidArgument, Refusal
from services.kit.money import Money

LINES_MAX: Final = 100
NUMBER_LENGTH_MAX: Final = 64
# Charges are of hundredths, also where a currency has thousandths (reliability 2.7).
DECIMALS_MAX: Final = 2
UNITS_MAX: Final = 10**15


class Payer(StrEnum):
    CUSTOMER = "CUSTOMER"
    PARTNER = "PARTNER"


class OrderType(StrEnum):
    NEW = "NEW"
    RENEW = "RENEW"
    CHANGE = "CHANGE"


class PriceAdjustmentExclusive(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something to be paid for, as far as limits look at it."""

    number: int
    list_units: int
    service_type_code: str
    region_code: str | None
    product_id: str | None
    charging_mode: str
    period_type: str | None = None
    period_count: int | None = None
    # None: usage.
    order_type: str | None = None

    @property
    def is_usage(self) -> bool:
        return self.charging_mode == ChargingMode.PAY_PER_USE

    @property
    def terms(self) -> frozenset[str]:
        """Give what a limit of charging modes may say to mean this: PERIOD, MONTH, 1_YEAR."""
        if self.period_type is None:
            return frozenset({self.charging_mode})
        count = self.period_count or 1
        length = f"{count}_{self.period_type}{'S' if count > 1 else ''}"
        return frozenset({self.charging_mode, self.period_type, length})


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """The one discount of an order, and the lines that it covers; none means all."""

    # What is left of the list amount.
    ratio: Decimal
    line_numbers: frozenset[int] = frozenset()

    def covers(self, line: Line) -> bool:
        return not self.line_numbers or line.number in self.line_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be paid, by whom, and with which coupons."""

    customer_id: UUID
    number: str
    payer: str
    currency_code: str
    lines: Sequence[Line]
    discount: Discount | None = None
    # What the partner made of the price of the whole order.
    adjusted_units: int | None = None
    voucher_ids: Sequence[UUID] = ()

    def is_discounted(self, line: Line) -> bool:
        return self.adjusted_units is not None or (
            self.discount is not None and self.discount.covers(line)
        )

    def discount_ratios(self, payables: Sequence[int]) -> list[Fraction]:
        """Give what is left of the list amount of each line that is discounted."""
        return [
            Fraction(payable, line.list_units)
            for line, payable in zip(self.lines, payables, strict=True)
            if self.is_discounted(line) and line.list_units
        ]

    def check(self) -> None:
        """Refuse what is no order.

        :raises InvalidArgument, PriceAdjustmentExclusive:
        """
        if not 1 <= len(self.number) <= NUMBER_LENGTH_MAX:
            raise InvalidArgument(
                f"must have 1 to {NUMBER_LENGTH_MAX} characters", field="order.order_number"
            )
        if not 1 <= len(self.lines) <= LINES_MAX:
            raise InvalidArgument(f"must be 1 to {LINES_MAX}", field="order.lines")
        numbers = {line.number for line in self.lines}
        if len(numbers) < len(self.lines) or min(numbers) < 1:
            raise InvalidArgument("must be above 0, each another", field="order.lines.line_number")
        self._check_discount(numbers)
        if self.voucher_ids and self.payer != Payer.CUSTOMER:
            raise InvalidArgument("are the customer's to use", field="order.voucher_ids")

    def _check_discount(self, numbers: set[int]) -> None:
        if self.discount is not None and self.adjusted_units is not None:
            raise PriceAdjustmentExclusive("the price was adjusted, which takes no other discount")
        if self.discount is not None:
            if not 0 <= self.discount.ratio <= 1:
                raise InvalidArgument("must be from 0 to 1", field="order.discount.ratio")
            if not self.discount.line_numbers <= numbers:
                raise InvalidArgument("names no line", field="order.discount.line_numbers")
        if self.adjusted_units is not None and self.adjusted_units > total_list(self.lines):
            raise InvalidArgument(
                "must not be above the list amount", field="order.adjusted_amount"
            )

    def payables(self) -> list[int]:
        """Give what each line costs; together exactly what the discounted lines cost together."""
        weights = [line.list_units if self.is_discounted(line) else 0 for line in self.lines]
        covered = sum(weights)
        if self.adjusted_units is not None:
            left = self.adjusted_units
        elif self.discount is not None:
            # Fractions are exact, and whole numbers are cut off them towards zero.
            left = int(covered * Fraction(self.discount.ratio))
        else:
            left = covered
        cut = shares(covered - left, weights)
        return [line.list_units - less for line, less in zip(self.lines, cut, strict=True)]


def total_list(lines: Sequence[Line]) -> int:
    return sum(line.list_units for line in lines)


def shares(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount by weights, to the last unit: the largest remainders get what is left over.

    No share is above its weight as long as the amount is not above their sum.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [divmod(amount * weight, whole) for weight in weights]
    given = [part for part, _ in parts]
    by_remainder = sorted(range(len(parts)), key=lambda index: (-parts[index][1], index))
    for index in by_remainder[: amount - sum(given)]:
        given[index] += 1
    return given


def decimals_of(currency_code: str) -> int:
    return min(DECIMALS_MAX, Unit.cash(currency_code).exponent)


def units_of(amount: Money, *, field: str) -> int:
    """Count an amount that can be charged.

    :raises InvalidArgument: where it is below zero, or has more decimals than are charged.
    """
    decimals = decimals_of(amount.currency_code)
    if amount.amount < 0:
        raise InvalidArgument("must not be below 0", field=f"{field}.amount")
    if amount.amount != round(amount.amount, decimals):
        raise InvalidArgument(f"must have at most {decimals} decimals", field=f"{field}.amount")
    units = amount.to_minor_units(exponent=decimals)
    if units >= UNITS_MAX:
        raise InvalidArgument("is too much", field=f"{field}.amount")
    return units


def money_of(units: int, currency_code: str) -> Money:
    return Money.from_minor_units(units, currency_code, exponent=decimals_of(currency_code))
