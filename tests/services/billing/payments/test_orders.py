"""What an order costs: discounts come first, to the last hundredth."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.payments.orders import (
    Discount,
    Payer,
    PriceAdjustmentExclusive,
    money_of,
    shares,
    units_of,
)
from services.kit.errors import InvalidArgument
from services.kit.ids import new_id
from services.kit.money import Money
from tests.builders.payments import a_line, an_order

ME = new_id()


def test_without_a_discount_lines_cost_their_list_amounts() -> None:
    assert an_order(ME, a_line(1, 500), a_line(2, 7)).payables() == [500, 7]


def test_a_discount_is_cut_off_the_sum_and_spread_over_the_lines() -> None:
    order = an_order(ME, *[a_line(n, 333) for n in (1, 2, 3)], discount=a_discount("0.85"))

    assert order.payables() == [283, 283, 283]
    assert sum(order.payables()) == int(999 * Fraction("0.85"))


def test_a_discount_covers_the_lines_that_it_names() -> None:
    discount = a_discount("0.5", 2)

    assert an_order(ME, a_line(1, 100), a_line(2, 100), discount=discount).payables() == [100, 50]


def test_an_adjusted_price_is_spread_over_all_lines() -> None:
    order = an_order(ME, a_line(1, 200), a_line(2, 100), adjusted_units=100)

    assert order.payables() == [67, 33]


def test_a_price_adjustment_takes_no_other_discount() -> None:
    order = an_order(ME, a_line(1, 200), adjusted_units=100, discount=a_discount("0.5"))

    with pytest.raises(PriceAdjustmentExclusive):
        order.check()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"number": ""}, "order.order_number"),
        ({"lines": []}, "order.lines"),
        ({"lines": [a_line(1), a_line(1)]}, "order.lines.line_number"),
        ({"lines": [a_line(0)]}, "order.lines.line_number"),
        ({"discount": Discount(ratio=Decimal("1.01"))}, "order.discount.ratio"),
        (
            {"discount": Discount(ratio=Decimal(1), line_numbers=frozenset({9}))},
            "order.discount.line_numbers",
        ),
        ({"adjusted_units": 10_001}, "order.adjusted_amount"),
        ({"payer": Payer.PARTNER, "voucher_ids": [ME]}, "order.voucher_ids"),
    ],
)
def test_check_refuses_what_is_no_order(said: dict[str, object], field: str) -> None:
    order = replace(an_order(ME, a_line(1)), **said)  # type: ignore[arg-type]

    with pytest.raises(InvalidArgument) as refused:
        order.check()

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("period", "terms"),
    [
        ((None, None), {"PERIOD"}),
        (("MONTH", 1), {"PERIOD", "MONTH", "1_MONTH"}),
        (("YEAR", None), {"PERIOD", "YEAR", "1_YEAR"}),
        (("YEAR", 3), {"PERIOD", "YEAR", "3_YEARS"}),
    ],
)
def test_a_line_is_what_limits_of_charging_modes_call_it(
    period: tuple[str | None, int | None], terms: set[str]
) -> None:
    assert a_line(1, period_type=period[0], period_count=period[1]).terms == terms


@given(
    amount=st.integers(0, 10**9),
    weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=20),
)
def test_shares_are_the_amount_and_none_is_above_its_weight(
    amount: int, weights: list[int]
) -> None:
    amount = min(amount, sum(weights))

    parts = shares(amount, weights)

    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
    exact = [Fraction(amount * weight, sum(weights) or 1) for weight in weights]
    assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))


@given(
    lists=st.lists(st.integers(0, 10**7), min_size=1, max_size=10),
    ratio=st.decimals("0", "1", places=4),
    covered=st.sets(st.integers(1, 10)),
)
def test_a_discount_takes_exactly_its_part_of_what_it_covers(
    lists: list[int], ratio: Decimal, covered: set[int]
) -> None:
    numbers = frozenset(covered & set(range(1, len(lists) + 1)))
    discount = Discount(ratio=ratio, line_numbers=numbers)
    lines = [a_line(n, cents) for n, cents in enumerate(lists, 1)]
    order = an_order(ME, *lines, discount=discount)

    payables = order.payables()

    of_covered = [line.list_units for line in lines if discount.covers(line)]
    rest = sum(lists) - sum(of_covered)
    assert sum(payables) == rest + int(sum(of_covered) * Fraction(ratio))
    assert all(0 <= p <= line.list_units for p, line in zip(payables, lines, strict=True))


def test_amounts_are_counted_in_what_is_charged() -> None:
    assert units_of(Money(Decimal("12.30"), "CNY"), field="x") == 1230
    assert units_of(Money(Decimal("12.30"), "KWD"), field="x") == 1230
    assert units_of(Money(Decimal(12), "JPY"), field="x") == 12
    assert money_of(1230, "KWD") == Money(Decimal("12.30"), "KWD")


@pytest.mark.parametrize("amount", ["-0.01", "0.001", "10000000000000"])
def test_amounts_that_can_not_be_charged_are_refused(amount: str) -> None:
    with pytest.raises(InvalidArgument):
        units_of(Money(Decimal(amount), "CNY"), field="x")


def a_discount(ratio: str, *line_numbers: int) -> Discount:
    return Discount(ratio=Decimal(ratio), line_numbers=frozenset(line_numbers))
