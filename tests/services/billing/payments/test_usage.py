"""What usage is charged: in hundredths, with a residue that is carried, source by source."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.billing.payments.deduction import Funds, Source
from services.billing.payments.usage import Charge, Charging, Total, Usage
from services.billing.voucher_quotas.limits import UseLimit
from services.kit.ids import new_id
from tests.builders.payments import CYCLE, NOW, a_coupon, a_purse

ME = new_id()
RATED = st.decimals("0", "20", places=15)


def a_usage(rated: str | Decimal, **said: Any) -> Usage:
    ordinary: dict[str, Any] = {
        "customer_id": ME,
        "billing_cycle": CYCLE,
        "consume_time": NOW,
        "id": new_id(),
        "partner_id": ME,
        "service_type_code": "ecs",
        "region_code": "cn-north-4",
        "product_id": None,
        "currency_code": "CNY",
        "list_amount": Decimal(rated),
        "rated": Decimal(rated),
        "is_charged": False,
    }
    return Usage(**ordinary | said)


def charging(**funds: Any) -> Charging:
    return Charging(funds=Funds(**funds), currency_code="CNY", decimals=2)


def units(charges: list[Charge]) -> list[int]:
    return [charge.units for charge in charges]


def test_whole_hundredths_of_the_sum_are_charged_and_the_rest_is_carried() -> None:
    total = Total.nothing()
    usages = [a_usage(rated) for rated in ("0.004", "0.004", "0.004", "1.999999999999999")]

    charges, _ = charging().charge(usages, total=total)

    assert units(charges) == [0, 0, 1, 200]
    assert total == Total(rated=Decimal("2.011999999999999"), charged=201)


@given(rated=st.lists(RATED, min_size=1, max_size=30), cuts=st.sets(st.integers(1, 29)))
def test_any_split_of_usage_into_runs_is_charged_the_same(
    rated: list[Decimal], cuts: set[int]
) -> None:
    usages = [a_usage(one) for one in rated]
    bounds = [0, *sorted(cut for cut in cuts if cut < len(usages)), len(usages)]
    at_once, by_and_by = Total.nothing(), Total.nothing()

    whole, _ = charging().charge(usages, total=at_once)
    parts: list[Charge] = []
    for begin, end in pairwise(bounds):
        parts += charging().charge(usages[begin:end], total=by_and_by)[0]

    assert at_once == by_and_by
    assert units(parts) == units(whole)
    assert at_once.rated == sum(rated)
    assert 0 <= at_once.rated - Decimal(at_once.charged) / 100 < Decimal("0.01")


def test_coupons_pay_before_cash_cash_before_credit_and_the_rest_is_owed() -> None:
    mine = charging(
        coupons=[a_coupon(100, coupon_type="CASH_COUPON"), a_coupon(50)],
        cash=a_purse(30),
        lots=[a_purse(10, "CREDIT:2027-01-01:CNY/2"), a_purse(5, "CREDIT:NEVER:CNY/2")],
    )

    charges, legs = mine.charge([a_usage("1"), a_usage("1")], total=Total.nothing())

    assert [charge.parts for charge in charges] == [
        {Source.VOUCHER: 50, Source.CASH_COUPON: 50},
        {Source.CASH_COUPON: 50, Source.CASH: 30, Source.CREDIT: 15, Source.DEBT: 5},
    ]
    assert [(leg.source, leg.units) for leg in legs] == [
        (Source.VOUCHER, 50),
        (Source.CASH_COUPON, 100),
        (Source.CASH, 30),
        (Source.CREDIT, 10),
        (Source.CREDIT, 5),
    ]


def test_restricted_vouchers_pay_before_general_ones_and_only_what_they_fit() -> None:
    restricted = a_coupon(80, UseLimit("SERVICE_TYPE", "ecs"), expire_time=NOW + timedelta(99))
    general = a_coupon(500)
    mine = charging(coupons=[general, restricted])
    usages = [a_usage("1"), a_usage("1", service_type_code="obs"), a_usage("0.1")]

    _, legs = mine.charge(usages, total=Total.nothing())

    assert {leg.voucher_id: leg.units for leg in legs} == {restricted.id: 80, general.id: 130}


def test_a_voucher_pays_what_was_used_since_it_is_effective() -> None:
    voucher = a_coupon(500, effective_time=NOW)
    usages = [a_usage("1", consume_time=NOW - timedelta(seconds=1)), a_usage("2")]

    charges, _ = charging(coupons=[voucher]).charge(usages, total=Total.nothing())

    assert [charge.parts for charge in charges] == [{Source.DEBT: 100}, {Source.VOUCHER: 200}]


def test_a_voucher_with_a_minimum_pays_rows_that_reach_it() -> None:
    voucher = a_coupon(500, UseLimit("ORDER_AMOUNT", "1.50"))

    charges, _ = charging(coupons=[voucher]).charge(
        [a_usage("1.49"), a_usage("1.50")], total=Total.nothing()
    )

    assert [charge.parts for charge in charges] == [{Source.DEBT: 149}, {Source.VOUCHER: 150}]


def test_a_voucher_that_minds_discounts_pays_rows_without() -> None:
    voucher = a_coupon(500, UseLimit("SIMULTANEOUS_USE_WITH_EMPOWER_DISCOUNT", "0"))
    discounted = a_usage("1", list_amount=Decimal(2))

    charges, _ = charging(coupons=[voucher]).charge(
        [discounted, a_usage("1")], total=Total.nothing()
    )

    assert [charge.parts for charge in charges] == [{Source.DEBT: 100}, {Source.VOUCHER: 100}]


def test_what_months_take_is_told_apart_and_taken_from_the_same() -> None:
    mine = charging(cash=a_purse(150))

    _, of_first = mine.charge([a_usage("1")], total=Total.nothing())
    _, of_second = mine.charge([a_usage("1")], total=Total.nothing())

    assert [[leg.units for leg in legs] for legs in (of_first, of_second)] == [[100], [50]]


@given(
    rated=st.lists(RATED, max_size=20),
    holdings=st.tuples(*[st.integers(0, 3_000)] * 5),
)
def test_rows_are_charged_what_their_parts_sum_to_and_legs_are_the_parts(
    rated: list[Decimal], holdings: tuple[int, ...]
) -> None:
    voucher, cash_coupon, cash, first, second = holdings
    coupons = [a_coupon(voucher), a_coupon(cash_coupon, coupon_type="CASH_COUPON")]
    lots = [a_purse(first, "CREDIT:2027-01-01:CNY/2"), a_purse(second, "CREDIT:NEVER:CNY/2")]
    mine = charging(coupons=coupons, cash=a_purse(cash), lots=lots)
    has = {one.account_id: one.units for one in [*coupons, mine.funds.cash, *lots]}  # type: ignore[union-attr]

    charges, legs = mine.charge([a_usage(one) for one in rated], total=Total.nothing())

    assert all(sum(charge.parts.values()) == charge.units for charge in charges)
    assert all(leg.units <= has[leg.account_id] for leg in legs)
    for source in set(Source) - {Source.DEBT}:
        of_rows = sum(charge.parts.get(source, 0) for charge in charges)
        assert of_rows == sum(leg.units for leg in legs if leg.source == source)
    if any(Source.DEBT in charge.parts for charge in charges):
        assert sum(leg.units for leg in legs) == sum(holdings)
