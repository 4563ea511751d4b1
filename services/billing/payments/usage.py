"""Where what usage costs comes from: coupons that fit, cash, credit; the rest is owed.

Pure counting. What is rated has up to 15 decimals and is charged in hundredths: of the sum of a
month all whole hundredths are charged and the residue is carried on, so that any split of usage
into rows is charged the same (reliability 2.7).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple, Self
from uuid import UUID

from services.billing.consumption.charges import ChargingMode
from services.billing.payments.coupons import Coupon
from services.billing.payments.deduction import Funds, Leg, Purse, Source
from services.billing.payments.orders import Line
from services.kit.money import EXACT

# NUMERIC(38,15), as the meters rate.
RATED_DECIMALS: Final = 15


class Usage(NamedTuple):
    """Usage that waits, as far as charging looks at it; there are very many."""

    customer_id: UUID
    billing_cycle: date
    consume_time: datetime
    id: UUID
    partner_id: UUID
    service_type_code: str
    region_code: str | None
    product_id: str | None
    currency_code: str
    list_amount: Decimal
    # List amount less discount.
    rated: Decimal
    # Whether it was brought once more while it was charged.
    is_charged: bool

    @property
    def place(self) -> tuple[UUID, date, datetime, UUID]:
        """Give its place in the queue."""
        return self[:4]

    @property
    def discount_ratios(self) -> list[Fraction]:
        """Give what is left of the list amount, where that is less."""
        is_discounted = self.rated < self.list_amount
        return [Fraction(self.rated) / Fraction(self.list_amount)] if is_discounted else []


@dataclass(slots=True)
class Total:
    """What a customer's usage of a month was rated at, and what of that was charged."""

    rated: Decimal
    charged: int

    @classmethod
    def nothing(cls) -> Self:
        return cls(Decimal(0), 0)


@dataclass(slots=True)
class Charge:
    """What a row is charged, by source."""

    usage: Usage
    units: int
    # By source.
    parts: dict[str, int]


@dataclass(slots=True, kw_only=True)
class Charging:
    """Charges the usage of one customer, month by month, from what it has."""

    funds: Funds
    currency_code: str
    decimals: int
    # What was taken for a month, and out of what.
    _taken: dict[tuple[Source, UUID], int] = field(default_factory=dict)
    _known: dict[UUID, Coupon | Purse] = field(default_factory=dict)
    _left: dict[UUID, int] = field(default_factory=dict)
    _fitting: dict[tuple[str, str | None, str | None], list[Coupon]] = field(default_factory=dict)

    def charge(self, usages: Sequence[Usage], *, total: Total) -> tuple[list[Charge], list[Leg]]:
        """Charge rows of a month in their order and add them to its total."""
        self._taken = {}
        # Whole numbers are exact and quick: the total in the last decimal that is rated.
        step = 10 ** (RATED_DECIMALS - self.decimals)
        rated = int(total.rated.scaleb(RATED_DECIMALS, EXACT))
        charges = []
        for usage in usages:
            rated += int(usage.rated.scaleb(RATED_DECIMALS, EXACT))
            units = rated // step - total.charged
            total.charged += units
            charges.append(Charge(usage, units, self._take(usage, units)))
        total.rated = EXACT.scaleb(Decimal(rated), -RATED_DECIMALS)
        return charges, [self._leg(key, units) for key, units in self._taken.items()]

    def _take(self, usage: Usage, units: int) -> dict[str, int]:
        parts: dict[str, int] = {}
        rest = units
        for source, holder in self._holders(usage, units) if units else ():
            left = self._left.setdefault(holder.account_id, holder.units)
            taken = min(left, rest)
            if taken:
                self._left[holder.account_id] = left - taken
                parts[source.value] = parts.get(source.value, 0) + taken
                key = source, holder.account_id
                self._taken[key] = self._taken.get(key, 0) + taken
                self._known[holder.account_id] = holder
                rest -= taken
            if not rest:
                break
        if rest:
            parts[Source.DEBT.value] = rest
        return parts

    def _holders(self, usage: Usage, units: int) -> Iterator[tuple[Source, Coupon | Purse]]:
        """Give what may pay a row, in its turn (domain.md 4.2)."""
        for coupon in self._coupons_for(usage, units):
            yield Source.VOUCHER if coupon.is_voucher else Source.CASH_COUPON, coupon
        if self.funds.cash:
            yield Source.CASH, self.funds.cash
        for lot in self.funds.lots:
            yield Source.CREDIT, lot

    def _coupons_for(self, usage: Usage, units: int) -> list[Coupon]:
        # What limits look at: rows of a kind are fit for the same coupons.
        kind = usage.service_type_code, usage.region_code, usage.product_id
        fitting = self._fitting.get(kind)
        if fitting is None:
            line = _line(usage)
            turns = sorted(self.funds.coupons, key=lambda one: one.turn)
            fitting = [coupon for coupon in turns if coupon.misses(line) is None]
            self._fitting[kind] = fitting
        return [
            coupon
            for coupon in fitting
            if coupon.effective_time <= usage.consume_time
            and not coupon.is_out_of_bounds(units, currency_code=self.currency_code)
            and not (coupon.minds_discounts and coupon.excludes(usage.discount_ratios))
        ]

    def _leg(self, key: tuple[Source, UUID], units: int) -> Leg:
        source, account_id = key
        holder = self._known[account_id]
        return Leg(
            source=source,
            account_id=account_id,
            unit=holder.unit,
            units=units,
            voucher_id=holder.id if isinstance(holder, Coupon) else None,
        )


def _line(usage: Usage) -> Line:
    return Line(
        number=1,
        list_units=0,
        service_type_code=usage.service_type_code,
        region_code=usage.region_code,
        product_id=usage.product_id,
        charging_mode=ChargingMode.PAY_PER_USE,
    )
