"""What a coupon may be used for: every limit of domain.md 6.8, and the choice of coupons."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.billing.payments.coupons import (
    Coupon,
    CouponDoesNotFit,
    CouponExcludesDiscount,
    CouponNotUsable,
    OneVoucherPerOrder,
    TooManyCoupons,
    chosen,
    fitting_lines,
)
from services.billing.payments.orders import Discount, Line
from services.billing.voucher_quotas.limits import UseLimit
from services.kit import ids
from tests.builders.payments import NOW, a_coupon, a_line, an_order

ME, ANOTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("SERVICE_TYPE", "ecs", "obs"),
        ("REGION_CODE", "cn-north-4", "cn-south-1"),
        ("PRODUCT_ID", "p-1", "p-2"),
        ("CHARGING_MODE", "PERIOD", "PAY_PER_USE"),
        ("CHARGING_MODE", "MONTH", "YEAR"),
        ("CHARGING_MODE", "1_MONTH", "3_YEARS"),
        ("ORDER_TYPE", "NEW", "RENEW"),
        ("CUSTOMER_ID", ids.to_text("cus", ME), ids.to_text("cus", ANOTHER)),
        ("ORDER_AMOUNT", "100", "100.01"),
    ],
)
def test_a_coupon_fits_what_its_limit_allows(key: str, good: str, bad: str) -> None:
    order = an_order(ME, a_line(1))

    fits = fitting_lines(a_coupon(10_000, UseLimit(key, good)), order, order.payables())
    with pytest.raises(CouponDoesNotFit) as refused:
        fitting_lines(a_coupon(10_000, UseLimit(key, bad)), order, order.payables())

    assert fits == [0]
    assert refused.value.metadata["limit"] == key


def test_a_coupon_fits_any_of_several_values_and_all_keys() -> None:
    coupon = a_coupon(
        10_000,
        UseLimit("SERVICE_TYPE", "obs"),
        UseLimit("SERVICE_TYPE", "ecs"),
        UseLimit("REGION_CODE", "cn-north-4"),
    )
    order = an_order(ME, a_line(1), a_line(2, region_code="eu-1"), a_line(3, region_code=None))

    assert fitting_lines(coupon, order, order.payables()) == [0]


def test_the_minimum_counts_the_payable_of_fitting_lines_only() -> None:
    coupon = a_coupon(10_000, UseLimit("SERVICE_TYPE", "ecs"), UseLimit("ORDER_AMOUNT", "60", "80"))
    lines = [a_line(1, 7_000), a_line(2, 9_000, service_type_code="obs")]
    order = an_order(ME, *lines)
    halved = an_order(ME, *lines, discount=Discount(ratio=Decimal("0.5")))

    assert fitting_lines(coupon, order, order.payables()) == [0]
    with pytest.raises(CouponDoesNotFit):
        fitting_lines(coupon, halved, halved.payables())
    with pytest.raises(CouponDoesNotFit):
        fitting_lines(coupon, order, [8_001, 9_000])


@pytest.mark.parametrize(
    ("limit", "ratio", "is_excluded"),
    [
        (UseLimit("SIMULTANEOUS_USE_WITH_EMPOWER_DISCOUNT", "0"), "0.99", True),
        (UseLimit("SIMULTANEOUS_USE_WITH_EMPOWER_DISCOUNT", "1"), "0.99", False),
        (UseLimit("MIN_CONSUME_DISCOUNT", "0.8"), "0.79", True),
        (UseLimit("MIN_CONSUME_DISCOUNT", "0.8"), "0.8", False),
    ],
)
def test_coupons_and_discounts_may_exclude_each_other(
    limit: UseLimit,
    ratio: str,
    is_excluded: bool,  # noqa: FBT001 - a column of the table
) -> None:
    order = an_order(ME, a_line(1), discount=Discount(ratio=Decimal(ratio)))

    if is_excluded:
        with pytest.raises(CouponExcludesDiscount):
            fitting_lines(a_coupon(10_000, limit), order, order.payables())
    else:
        assert fitting_lines(a_coupon(10_000, limit), order, order.payables()) == [0]


def test_one_line_that_is_discounted_little_is_enough_for_the_lowest_discount() -> None:
    coupon = a_coupon(10_000, UseLimit("MIN_CONSUME_DISCOUNT", "0.8"))
    discount = Discount(ratio=Decimal("0.5"), line_numbers=frozenset({1}))
    order = an_order(ME, a_line(1), a_line(2), discount=discount)

    with pytest.raises(CouponExcludesDiscount):
        fitting_lines(coupon, order, order.payables())
    assert coupon.excludes([]) is None
    assert fitting_lines(coupon, an_order(ME, a_line(1)), [10_000]) == [0]


def test_an_adjusted_price_is_a_discount() -> None:
    order = an_order(ME, a_line(1), adjusted_units=5_000)
    coupon = a_coupon(10_000, UseLimit("SIMULTANEOUS_USE_WITH_EMPOWER_DISCOUNT", "0"))

    with pytest.raises(CouponExcludesDiscount):
        fitting_lines(coupon, order, order.payables())


def test_a_usage_ratio_bounds_what_a_coupon_pays_and_keeps_it_from_usage() -> None:
    coupon = a_coupon(10_000, UseLimit("USAGE_RATIO", "12.5"))
    usage = Line(
        number=1,
        list_units=100,
        service_type_code="ecs",
        region_code=None,
        product_id=None,
        charging_mode="PAY_PER_USE",
    )

    assert coupon.share_of(1_001) == 125
    assert a_coupon().share_of(1_001) == 1_001
    assert coupon.misses(usage) == "USAGE_RATIO"
    assert coupon.misses(a_line(1)) is None


def test_vouchers_have_their_turn_before_cash_coupons_and_restricted_before_general() -> None:
    soon, late = NOW + timedelta(days=1), NOW + timedelta(days=9)
    limit = UseLimit("SERVICE_TYPE", "ecs")
    turns = [
        a_coupon(10_000, limit, expire_time=late),
        a_coupon(1, expire_time=soon),
        a_coupon(2, expire_time=soon),
        a_coupon(1, expire_time=late),
        a_coupon(10_000, limit, coupon_type="CASH_COUPON", expire_time=soon),
        a_coupon(coupon_type="CASH_COUPON", expire_time=soon),
    ]
    reversed_turns = turns[::-1]

    reversed_turns.sort(key=lambda one: one.turn)

    assert reversed_turns == turns


def test_an_order_takes_three_coupons_and_one_voucher_among_them() -> None:
    vouchers = [a_coupon() for _ in range(2)]
    cash_coupons = [a_coupon(coupon_type="CASH_COUPON") for _ in range(3)]
    all_of_them = [*vouchers, *cash_coupons]

    def choose(*coupons: Coupon) -> list[Coupon]:
        order = an_order(ME, a_line(1), voucher_ids=[one.id for one in coupons])
        return chosen(order, all_of_them)

    assert choose(cash_coupons[0], vouchers[0])[0] is vouchers[0]
    with pytest.raises(TooManyCoupons):
        choose(*cash_coupons, vouchers[0])
    with pytest.raises(OneVoucherPerOrder):
        choose(*vouchers)
    with pytest.raises(CouponNotUsable):
        choose(a_coupon())
