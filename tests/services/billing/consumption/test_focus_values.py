"""Cells of FOCUS files: exact or refused, never rounded money."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.consumption import focus_values as read
from services.billing.consumption.charges import BillType
from services.billing.consumption.focus_kinds import BILL_TYPE_NUMBERS
from services.billing.consumption.focus_values import RowFlaw
from services.kit.money import decimal_text

AMOUNTS = st.decimals(
    min_value=Decimal(-99999999999999999999),
    max_value=Decimal(99999999999999999999),
    allow_nan=False,
    places=15,
)


@given(AMOUNTS)
def test_an_amount_within_bounds_is_read_exactly(value: Decimal) -> None:
    assert read.amount(format(value, "f"), column="BilledCost") == value
    assert read.amount(str(value), column="BilledCost") == value


@given(AMOUNTS)
def test_equal_amounts_are_written_alike_for_comparison(value: Decimal) -> None:
    assert read.canonical_decimal(format(value, "f")) == decimal_text(value)
    assert read.canonical_decimal(str(value)) == decimal_text(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5E-7", "0.00000015"),
        ("+3", "3"),
        (".5", "0.5"),
        ("7.", "7"),
        ("1e3", "1000"),
        ("0.10000000000000000000000", "0.1"),
        ("0E-400", "0"),
        ("-0.0", "0"),
    ],
)
def test_other_forms_of_a_number_are_read(text: str, value: str) -> None:
    assert decimal_text(read.amount(text, column="BilledCost")) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "is no decimal"),
        ("Infinity", "is no decimal"),
        ("-inf", "is no decimal"),
        ("1,5", "is no decimal"),
        ("1_000", "is no decimal"),
        ("$5", "is no decimal"),
        ("\uff11\uff12", "is no decimal"),
        ("1e9999", "is no decimal"),
        ("9" * 500, "is no decimal"),
        ("1e20", "more than 20 digits"),
        ("9" * 21, "more than 20 digits"),
        ("0.0000000000000001", "more than 15 decimals"),
        ("1e-16", "more than 15 decimals"),
        ("1.23456789012345678901234567890", "more than 15 decimals"),
    ],
)
def test_an_amount_that_can_not_be_kept_exactly_is_refused(text: str, reason: str) -> None:
    with pytest.raises(RowFlaw) as flaw:
        read.amount(text, column="BilledCost")

    assert reason in flaw.value.reason
    assert flaw.value.column == "BilledCost"


def test_a_quantity_is_rounded_and_says_so() -> None:
    assert read.quantity("0.0000000000000019", column="ConsumedQuantity") == (
        Decimal("0.000000000000002"),
        True,
    )
    assert read.quantity("12.5", column="ConsumedQuantity") == (Decimal("12.5"), False)


@pytest.mark.parametrize(
    "text",
    [
        "2024-09-18 22:00:00",
        "2024-09-18T22:00:00Z",
        "2024-09-18T22:00:00.000Z",
        "2024-09-19T06:00:00+08:00",
    ],
)
def test_a_time_is_the_same_in_any_zone_and_utc_without_one(text: str) -> None:
    moment = read.moment(text, column="ChargePeriodStart")

    assert moment.isoformat() == "2024-09-18T22:00:00+00:00"
    assert read.canonical_moment(text) == "2024-09-18T22:00:00+00:00"


@pytest.mark.parametrize(
    "text", ["9/18/2024", "yesterday", "2024-09-31", "0001-01-01", "9999-12-31"]
)
def test_a_text_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(RowFlaw):
        read.moment(text, column="ChargePeriodStart")

    assert read.canonical_moment(text) == text


@pytest.mark.parametrize("text", ["AUTO_RENEWAL", "auto renewal", "Auto-Renewal", "8"])
def test_a_kind_is_known_by_its_name_and_by_the_vendors_number(text: str) -> None:
    found = read.named(BillType, text, column="x_BillType", numbers=BILL_TYPE_NUMBERS)

    assert found is BillType.AUTO_RENEWAL


@pytest.mark.parametrize("text", ["6", "gift", "08", ""])
def test_a_kind_that_nobody_knows_is_refused(text: str) -> None:
    with pytest.raises(RowFlaw):
        read.named(BillType, text, column="x_BillType", numbers=BILL_TYPE_NUMBERS)


@pytest.mark.parametrize("text", ["-1", "1.5", "², ", "99999999999", "x"])
def test_a_count_is_a_small_whole_number(text: str) -> None:
    with pytest.raises(RowFlaw):
        read.count(text, column="x_PeriodCount")


def test_a_currency_is_a_code_of_three_letters() -> None:
    assert read.currency("usd", column="BillingCurrency") == "USD"
    with pytest.raises(RowFlaw):
        read.currency("US Dollar", column="BillingCurrency")


def test_a_code_is_made_of_a_name() -> None:
    assert read.code("Amazon Simple Queue Service") == "amazon-simple-queue-service"
    assert read.code("弹性云服务器 ECS") == "弹性云服务器-ecs"
    assert read.code("!!!") == "unknown"
