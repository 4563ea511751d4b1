"""Where what an order costs comes from: the order of sources, and that no unit is lost."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.billing.payments.deduction import Funds, Source, deduct, fitting_coupons
from services.billing.voucher_quotas.limits import UseLimit
from services.kit.ids import new_id
from tests.builders.payments import a_coupon, a_line, a_purse, an_order

ME = new_id()


def test_sources_are_asked_in_their_turn() -> None:
    voucher, cash_coupon = a_coupon(10), a_coupon(20, coupon_type="CASH_COUPON")
    funds = Funds(
        coupons=[cash_coupon, voucher],
        cash=a_purse(30),
        lots=[a_purse(25, "CREDIT:2027-01-01:CNY/2"), a_purse(50, "CREDIT:NEVER:CNY/2")],
    )
    order = an_order(ME, a_line(1, 100), voucher_ids=[cash_coupon.id, voucher.id])

    deduction = deduct(order, funds)

    assert [(leg.source, leg.units) for leg in deduction.legs] == [
        (Source.VOUCHER, 10),
        (Source.CASH_COUPON, 20),
        (Source.CASH, 30),
        (Source.CREDIT, 25),
        (Source.CREDIT, 15),
    ]
    assert (deduction.payable, deduction.missing) == (100, 0)


def test_a_coupon_pays_only_the_lines_that_it_fits() -> None:
    voucher = a_coupon(500, UseLimit("SERVICE_TYPE", "obs"))
    lines = [a_line(1, 100), a_line(2, 60, service_type_code="obs")]
    order = an_order(ME, *lines, voucher_ids=[voucher.id])

    deduction = deduct(order, Funds(coupons=[voucher], cash=a_purse(1_000)))

    assert [line.parts for line in deduction.lines] == [
        {Source.CASH: 100},
        {Source.VOUCHER: 60},
    ]


def test_a_usage_ratio_is_of_the_payable_and_not_of_what_a_voucher_left() -> None:
    voucher = a_coupon(40)
    cash_coupon = a_coupon(500, UseLimit("USAGE_RATIO", "50"), coupon_type="CASH_COUPON")
    order = an_order(ME, a_line(1, 100), voucher_ids=[voucher.id, cash_coupon.id])

    deduction = deduct(order, Funds(coupons=[voucher, cash_coupon], cash=a_purse(100)))

    assert [leg.units for leg in deduction.legs] == [40, 50, 10]


def test_what_is_short_is_missing() -> None:
    deduction = deduct(an_order(ME, a_line(1, 100)), Funds(cash=a_purse(99)))

    assert (deduction.missing, deduction.of(Source.CASH)) == (1, 99)
    assert deduct(an_order(ME, a_line(1, 100)), Funds()).missing == 100


def test_fitting_coupons_are_those_that_would_pay_something() -> None:
    small, great = a_coupon(10), a_coupon(999)
    unfit = a_coupon(10, UseLimit("SERVICE_TYPE", "obs"))
    order = an_order(ME, a_line(1, 100))

    fitting = fitting_coupons(order, [great, unfit, small])

    assert [(one.coupon, one.units) for one in fitting] == [(small, 10), (great, 100)]


LIMITS = st.sampled_from(
    [
        (),
        (UseLimit("SERVICE_TYPE", "ecs"),),
        (UseLimit("USAGE_RATIO", "33.33"),),
        (UseLimit("REGION_CODE", "cn-north-4"), UseLimit("ORDER_AMOUNT", "0")),
    ]
)
AMOUNT = st.integers(0, 100_000)


@st.composite
def cases(draw: Any) -> tuple[Any, Funds]:
    lines = [
        a_line(number, cents, service_type_code=draw(st.sampled_from(["ecs", "obs"])))
        for number, cents in enumerate(draw(st.lists(AMOUNT, min_size=1, max_size=6)), 1)
    ]
    # One that every voucher fits.
    lines.append(a_line(len(lines) + 1, draw(AMOUNT)))
    coupons = [a_coupon(draw(AMOUNT), *draw(LIMITS))] if draw(st.booleans()) else []
    coupons += [
        a_coupon(draw(AMOUNT), *draw(LIMITS), coupon_type="CASH_COUPON")
        for _ in range(draw(st.integers(0, 2)))
    ]
    lots = [a_purse(draw(AMOUNT), f"CREDIT:{year}-01-01:CNY/2") for year in (2027, 2028)]
    cash = draw(st.one_of(st.none(), AMOUNT))
    funds = Funds(
        coupons=coupons,
        cash=None if cash is None else a_purse(cash),
        lots=lots[: draw(st.integers(0, 2))],
    )
    return an_order(ME, *lines, voucher_ids=[one.id for one in coupons]), funds


@given(case=cases())
def test_parts_sum_to_the_payable_and_nothing_gives_more_than_it_has(
    case: tuple[Any, Funds],
) -> None:
    order, funds = case
    has = {one.account_id: one.units for one in [*funds.coupons, *funds.lots]}
    has |= {funds.cash.account_id: funds.cash.units} if funds.cash else {}

    deduction = deduct(order, funds)

    taken = sum(leg.units for leg in deduction.legs)
    assert taken + deduction.missing == deduction.payable == sum(order.payables())
    assert all(0 < leg.units <= has[leg.account_id] for leg in deduction.legs)
    for line in deduction.lines:
        assert sum(line.parts.values()) + line.left == line.payable
        assert line.left >= 0
    for source in Source:
        of_lines = sum(line.parts.get(source, 0) for line in deduction.lines)
        assert of_lines == deduction.of(source)


@given(case=cases())
def test_a_source_is_asked_only_when_those_before_it_are_used_up(case: tuple[Any, Funds]) -> None:
    order, funds = case
    turn = [Source.VOUCHER, Source.CASH_COUPON, Source.CASH, Source.CREDIT]

    deduction = deduct(order, funds)

    sources = [turn.index(leg.source) for leg in deduction.legs]
    assert sources == sorted(sources)
    if funds.cash and deduction.of(Source.CREDIT):
        assert deduction.of(Source.CASH) == funds.cash.units
    if deduction.missing:
        assert deduction.of(Source.CREDIT) == sum(lot.units for lot in funds.lots)
