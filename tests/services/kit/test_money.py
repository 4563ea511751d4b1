"""Money is exact or refused."""

from decimal import Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner.type.v1 import money_pb2
from services.kit.errors import InvalidArgument
from services.kit.money import CurrencyMismatch, Money, decimal_text


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


AMOUNTS = st.decimals(min_value=-(10**20) + 1, max_value=10**20 - 1, places=15)


@given(AMOUNTS)
def test_an_amount_goes_over_the_wire_unchanged(amount: Decimal) -> None:
    money = Money(amount, "CNY")

    assert Money.from_message(money.to_message(), field="price") == money


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1.",
        ".5",
        "+1",
        "1e3",
        "1E-7",
        "NaN",
        "Infinity",
        "1,5",
        " 1",
        "1 ",
        "\uff11",
        "--1",
        "1" * 21,
        "0." + "1" * 16,
        "1\n",
    ],
)
def test_another_text_is_no_amount(text: str) -> None:
    message = money_pb2.Money(amount=text, currency_code="USD")

    with pytest.raises(InvalidArgument) as caught:
        Money.from_message(message, field="face_value")

    assert caught.value.field == "face_value.amount"


@pytest.mark.parametrize("code", ["", "usd", "US", "USDX", "U$D"])
def test_a_currency_code_has_three_capitals(code: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Money.from_message(money_pb2.Money(amount="1", currency_code=code), field="price")

    assert caught.value.field == "price.currency_code"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10.00", "10"),
        ("1E+3", "1000"),
        ("0E-15", "0"),
        ("-0.0", "0"),
        ("1E-15", "0." + "0" * 14 + "1"),
    ],
)
def test_a_decimal_is_written_plainly(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


def test_arithmetic_is_exact() -> None:
    assert usd("0.1") + usd("0.2") == usd("0.3")
    assert usd("1") - usd("0.000000000000001") == usd("0.999999999999999")
    assert usd("2.5") * 3 == usd("7.5")
    assert -usd("1") == usd("-1")


def test_currencies_do_not_mix() -> None:
    cny = Money(Decimal(1), "CNY")

    for mix in (
        lambda: usd("1") + cny,
        lambda: usd("1") - cny,
        lambda: usd("1") < cny,
        lambda: usd("1") <= cny,
        lambda: usd("1") > cny,
        lambda: usd("1") >= cny,
    ):
        with pytest.raises(CurrencyMismatch):
            mix()


def test_amounts_of_one_currency_compare() -> None:
    assert usd("1") < usd("2") <= usd("2.0")
    assert usd("3") > usd("2") >= usd("2.00")


@given(st.integers(-(10**17), 10**17), st.integers(0, 3))
def test_minor_units_and_back_is_the_same(units: int, exponent: int) -> None:
    money = Money.from_minor_units(units, "CNY", exponent=exponent)

    assert money.to_minor_units(exponent=exponent) == units


def test_a_fraction_of_a_minor_unit_is_refused() -> None:
    with pytest.raises(Inexact):
        usd("0.001").to_minor_units(exponent=2)


def test_a_float_is_no_amount() -> None:
    with pytest.raises(TypeError, match="float"):
        Money(0.1, "USD")  # type: ignore[arg-type]
