"""Vouchers and cash coupons as they pay: what for (domain.md 6.8), and in which turn."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Final
from uuid import UUID

from services.billing.payments.orders import Line, Order, money_of
from services.billing.voucher_quotas.limits import LimitKey, UseLimit
from services.billing.voucher_quotas.model import CouponType
from services.kit import ids
from services.kit.errors import Refusal

COUPONS_MAX: Final = 3
_ONE_OF: Final = (
    LimitKey.SERVICE_TYPE,
    LimitKey.REGION_CODE,
    LimitKey.PRODUCT_ID,
    LimitKey.CHARGING_MODE,
    LimitKey.ORDER_TYPE,
)
_ABOUT_DISCOUNTS: Final = frozenset(
    {LimitKey.SIMULTANEOUS_USE_WITH_EMPOWER_DISCOUNT, LimitKey.MIN_CONSUME_DISCOUNT}
)


class TooManyCoupons(Refusal):
    pass


class OneVoucherPerOrder(Refusal):
    pass


class CouponNotUsable(Refusal):
    pass


class CouponDoesNotFit(Refusal):
    pass


class CouponExcludesDiscount(Refusal):
    pass


@dataclass(frozen=True, kw_only=True)
class Coupon:
    """A voucher or cash coupon with what is left of it."""

    id: UUID
    account_id: UUID
    # Of the ledger's account.
    unit: str
    coupon_type: str
    units: int
    effective_time: datetime
    expire_time: datetime
    limits: Sequence[UseLimit]

    @property
    def is_voucher(self) -> bool:
        return self.coupon_type == CouponType.VOUCHER

    @cached_property
    def by_key(self) -> Mapping[str, Collection[str]]:
        """Give the values that a thing must have one of, by what is limited."""
        found: dict[str, set[str]] = {}
        for limit in self.limits:
            found.setdefault(limit.key, set()).add(limit.value1)
        return found

    @property
    def turn(self) -> tuple[bool, bool, datetime, int, UUID]:
        """Sort coupons: vouchers, then restricted ones, the next to expire, the smallest."""
        return (not self.is_voucher, not self.limits, self.expire_time, self.units, self.id)

    def misses(self, line: Line) -> str | None:
        """Name the limit that keeps it from paying a line; None where it may."""
        for key in _ONE_OF:
            allowed = self.by_key.get(key)
            if allowed and not _values(line, key) & set(allowed):
                return key
        if line.is_usage and LimitKey.USAGE_RATIO in self.by_key:
            return LimitKey.USAGE_RATIO
        return None

    @cached_property
    def bounds(self) -> Sequence[tuple[Decimal, Decimal | None]]:
        """Give the least and the most that it must fit for; the most may be open."""
        return [limit.bounds() for limit in self.limits if limit.key == LimitKey.ORDER_AMOUNT]

    def is_out_of_bounds(self, units: int, *, currency_code: str) -> bool:
        """Tell whether what it fits is too little or too much for it."""
        if not self.bounds:
            return False
        amount = money_of(units, currency_code).amount
        return any(
            amount < low or (high is not None and amount > high) for low, high in self.bounds
        )

    def share_of(self, units: int) -> int:
        """Give how much of what it fits it may pay."""
        ratios = [Fraction(text) / 100 for text in self.by_key.get(LimitKey.USAGE_RATIO, ())]
        return min([units, *(int(units * ratio) for ratio in ratios)])

    @cached_property
    def minds_discounts(self) -> bool:
        return bool(self.by_key.keys() & _ABOUT_DISCOUNTS)

    def excludes(self, ratios: Sequence[Fraction]) -> str | None:
        """Name the limit that keeps it from paying what was discounted to these ratios, if any."""
        if not ratios or not self.minds_discounts:
            return None
        if "0" in self.by_key.get(LimitKey.SIMULTANEOUS_USE_WITH_EMPOWER_DISCOUNT, ()):
            return LimitKey.SIMULTANEOUS_USE_WITH_EMPOWER_DISCOUNT
        lowest = self.by_key.get(LimitKey.MIN_CONSUME_DISCOUNT)
        if lowest and max(ratios) < max(map(Fraction, lowest)):
            return LimitKey.MIN_CONSUME_DISCOUNT
        return None


def _values(line: Line, key: str) -> frozenset[str]:
    value = {
        LimitKey.SERVICE_TYPE: line.service_type_code,
        LimitKey.REGION_CODE: line.region_code,
        LimitKey.PRODUCT_ID: line.product_id,
        LimitKey.ORDER_TYPE: line.order_type,
    }.get(LimitKey(key))
    if key == LimitKey.CHARGING_MODE:
        return line.terms
    return frozenset() if value is None else frozenset({value})


def fitting_lines(coupon: Coupon, order: Order, payables: Sequence[int]) -> list[int]:
    """Give the places of the lines that a coupon may pay.

    :raises CouponDoesNotFit, CouponExcludesDiscount:
    """
    voucher_id = ids.to_text("cpn", coupon.id)
    allowed = coupon.by_key.get(LimitKey.CUSTOMER_ID)
    if allowed and ids.to_text("cus", order.customer_id) not in allowed:
        raise _unfit(voucher_id, LimitKey.CUSTOMER_ID)
    excluded = coupon.excludes(order.discount_ratios(payables))
    if excluded:
        raise CouponExcludesDiscount(
            "the coupon can not be used beside a discount", voucher_id=voucher_id, limit=excluded
        )
    missed = [coupon.misses(line) for line in order.lines]
    places = [place for place, key in enumerate(missed) if key is None]
    if not places:
        raise _unfit(voucher_id, str(missed[0]))
    fitting = sum(payables[place] for place in places)
    if coupon.is_out_of_bounds(fitting, currency_code=order.currency_code):
        raise _unfit(voucher_id, LimitKey.ORDER_AMOUNT)
    return places


def _unfit(voucher_id: str, limit: str) -> CouponDoesNotFit:
    return CouponDoesNotFit(
        "the coupon may not be used for this order", voucher_id=voucher_id, limit=limit
    )


def chosen(order: Order, usable: Sequence[Coupon]) -> list[Coupon]:
    """Give the coupons that an order names, in their turn.

    :raises TooManyCoupons, OneVoucherPerOrder, CouponNotUsable:
    """
    if len(order.voucher_ids) > COUPONS_MAX:
        raise TooManyCoupons(f"at most {COUPONS_MAX} coupons", field="order.voucher_ids")
    known = {coupon.id: coupon for coupon in usable}
    for voucher_id in order.voucher_ids:
        if voucher_id not in known:
            raise CouponNotUsable(
                "the coupon can not be used now", voucher_id=ids.to_text("cpn", voucher_id)
            )
    found = sorted((known[one] for one in order.voucher_ids), key=lambda coupon: coupon.turn)
    if sum(coupon.is_voucher for coupon in found) > 1:
        raise OneVoucherPerOrder("an order takes one voucher", field="order.voucher_ids")
    return found
