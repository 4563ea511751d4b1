"""Where what an order costs comes from: a voucher, cash coupons, cash, credit, in this turn.

Pure counting (domain.md 4.2): nothing is read and nothing moved. Each source is spread over the
lines that it may pay by what is left of them, to the last unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from services.billing.payments.coupons import (
    Coupon,
    CouponDoesNotFit,
    CouponExcludesDiscount,
    chosen,
    fitting_lines,
)
from services.billing.payments.orders import Line, Order, shares


class Source(StrEnum):
    VOUCHER = "VOUCHER"
    CASH_COUPON = "CASH_COUPON"
    CASH = "CASH"
    CREDIT = "CREDIT"
    DEBT = "DEBT"


@dataclass(slots=True, kw_only=True)
class Purse:
    """What is left in an account of cash, or in a lot of credit."""

    account_id: UUID
    # Of the ledger's account.
    unit: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    """What somebody can pay with."""

    coupons: Sequence[Coupon] = ()
    cash: Purse | None = None
    # The next to expire first.
    lots: Sequence[Purse] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """An amount out of one source."""

    source: Source
    # None: the account of what its payer owes.
    account_id: UUID | None
    unit: str
    units: int
    voucher_id: UUID | None = None


@dataclass(slots=True)
class PaidLine:
    """What a line costs and, by source, how much of that is paid."""

    line: Line
    payable: int
    parts: dict[Source, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return self.payable - sum(self.parts.values())

    def pay(self, source: Source, units: int) -> None:
        if units:
            self.parts[source] = self.parts.get(source, 0) + units


@dataclass(frozen=True, slots=True)
class Deduction:
    """What paying an order takes from where."""

    lines: Sequence[PaidLine]
    legs: Sequence[Leg]

    @property
    def payable(self) -> int:
        return sum(line.payable for line in self.lines)

    @property
    def missing(self) -> int:
        return sum(line.left for line in self.lines)

    def of(self, source: Source) -> int:
        return sum(leg.units for leg in self.legs if leg.source == source)


@dataclass(frozen=True, slots=True)
class Fitting:
    """A coupon that an order may be paid with, and how much it would pay alone."""

    coupon: Coupon
    units: int


def deduct(order: Order, funds: Funds) -> Deduction:
    """Split what an order costs over the chosen coupons and the payer's accounts.

    :raises TooManyCoupons, OneVoucherPerOrder, CouponNotUsable: for the choice of coupons;
    :raises CouponDoesNotFit, CouponExcludesDiscount: for one of them and this order.
    """
    payables = order.payables()
    lines = [PaidLine(line, payable) for line, payable in zip(order.lines, payables, strict=True)]
    legs = []
    for coupon in chosen(order, funds.coupons):
        places = fitting_lines(coupon, order, payables)
        bearers = [lines[place] for place in places]
        at_most = min(coupon.units, coupon.share_of(sum(payables[place] for place in places)))
        source = Source.VOUCHER if coupon.is_voucher else Source.CASH_COUPON
        units = _spread(bearers, source, at_most)
        legs.append(_coupon_leg(coupon, source, units))
    purses = [(Source.CASH, funds.cash)] if funds.cash else []
    for source, purse in [*purses, *((Source.CREDIT, lot) for lot in funds.lots)]:
        units = _spread(lines, source, purse.units)
        leg = Leg(source=source, account_id=purse.account_id, unit=purse.unit, units=units)
        legs.append(leg)
    return Deduction(lines, [leg for leg in legs if leg.units])


def fitting_coupons(order: Order, coupons: Sequence[Coupon]) -> list[Fitting]:
    """Give the coupons that an order may be paid with, in the turn in which usage takes them."""
    payables = order.payables()
    found = []
    for coupon in sorted(coupons, key=lambda one: one.turn):
        try:
            places = fitting_lines(coupon, order, payables)
        except (CouponDoesNotFit, CouponExcludesDiscount):
            # Being asked of every coupon, "no" is an answer here.
            continue
        fitting = sum(payables[place] for place in places)
        units = min(coupon.units, coupon.share_of(fitting))
        if units:
            found.append(Fitting(coupon, units))
    return found


def _spread(lines: Sequence[PaidLine], source: Source, at_most: int) -> int:
    """Pay lines from a source by what is left of each; give how much that took."""
    left = [line.left for line in lines]
    units = min(at_most, sum(left))
    for line, share in zip(lines, shares(units, left), strict=True):
        line.pay(source, share)
    return units


def _coupon_leg(coupon: Coupon, source: Source, units: int) -> Leg:
    return Leg(
        source=source,
        account_id=coupon.account_id,
        unit=coupon.unit,
        units=units,
        voucher_id=coupon.id,
    )
