"""What may be recorded as a top-up, without a database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.billing.top_ups.model import Payment, TopUp, TopUpReturned
from services.kit.errors import InvalidArgument
from services.kit.money import Money

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def yuan(amount: str) -> Money:
    return Money(Decimal(amount), "CNY")


def a_payment(**fields: Any) -> Payment:
    defaults = {"channel": "ALIPAY", "channel_number": "A-1", "amount": yuan("100")}
    return Payment(**defaults | fields)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("amount.amount", {"amount": yuan("0")}),
        ("amount.amount", {"amount": yuan("0.001")}),
        ("amount.amount", {"amount": Money(Decimal("0.5"), "JPY")}),
        ("amount.amount", {"amount": yuan("1000000000000000")}),
        ("channel_number", {"channel_number": " "}),
        ("channel_number", {"channel_number": "n" * 65}),
        ("memo", {"memo": "m" * 201}),
        ("pay_time", {"pay_time": NOW + timedelta(minutes=6)}),
        ("designated_amount.amount", {"designated_amount": yuan("100.01")}),
        ("designated_amount.amount", {"designated_amount": yuan("-1")}),
        (
            "designated_amount.currency_code",
            {"designated_amount": Money(Decimal(1), "USD")},
        ),
    ],
)
def test_an_odd_payment_is_refused_by_its_field(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument) as refused:
        a_payment(**fields).refuse_odd(now=NOW)

    assert refused.value.field == field


def test_a_payment_may_be_wholly_for_stated_uses() -> None:
    a_payment(designated_amount=yuan("100"), pay_time=NOW).refuse_odd(now=NOW)


def test_no_more_is_sent_back_than_was_paid_in_without_the_designated_part() -> None:
    top_up = TopUp(currency_code="CNY", amount=10_000, designated_amount=2_000, returned_amount=0)

    top_up.send_back(yuan("79.99"))
    with pytest.raises(TopUpReturned):
        top_up.send_back(yuan("0.02"))
    top_up.send_back(yuan("0.01"))

    assert top_up.unreturned == yuan("0")
    top_up.keep(yuan("30"))
    assert top_up.unreturned == yuan("30")


def test_a_payment_told_twice_is_known_by_its_amounts() -> None:
    top_up = TopUp(currency_code="CNY", amount=10_000, designated_amount=0, returned_amount=0)

    assert top_up.is_of(a_payment(pay_time=NOW, memo="again"))
    assert not top_up.is_of(a_payment(amount=yuan("100.01")))
    assert not top_up.is_of(a_payment(amount=Money(Decimal(100), "USD")))
    assert not top_up.is_of(a_payment(designated_amount=yuan("1")))
