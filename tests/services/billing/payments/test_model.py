"""Where payments stand, and when they may go on."""

from datetime import timedelta
from decimal import Decimal

import pytest

from services.billing.payments.model import (
    Payment,
    PaymentKind,
    PaymentState,
    PaymentStateConflict,
    RefundExceedsPayment,
)
from services.billing.payments.returns import RefundLine, returned_lines, undone_legs
from services.kit.errors import InvalidArgument
from services.kit.ids import new_id
from tests.builders.payments import NOW


def a_payment(state: str = PaymentState.HELD, kind: str = PaymentKind.ORDER) -> Payment:
    return Payment(
        id=new_id(),
        kind=kind,
        state=state,
        currency_code="CNY",
        expire_time=NOW,
        refunded_amount=Decimal(0),
        legs=[],
        lines=[],
    )


def test_a_held_payment_has_expired_to_the_second() -> None:
    payment = a_payment()

    assert payment.state_at(NOW - timedelta(microseconds=1)) == "HELD"
    assert payment.state_at(NOW) == "EXPIRED"
    assert a_payment(PaymentState.PAID).state_at(NOW) == "PAID"


@pytest.mark.parametrize("state", [PaymentState.PAID, PaymentState.CANCELLED, PaymentState.EXPIRED])
def test_only_a_held_payment_goes_on(state: PaymentState) -> None:
    with pytest.raises(PaymentStateConflict) as refused:
        a_payment(state).refuse_unless(kind=PaymentKind.ORDER, state=PaymentState.HELD, now=NOW)

    assert refused.value.metadata == {"state": state}


def test_a_payment_for_usage_is_no_order() -> None:
    payment = a_payment(PaymentState.PAID, PaymentKind.USAGE)

    with pytest.raises(PaymentStateConflict):
        payment.refuse_unless(kind=PaymentKind.ORDER, state=PaymentState.PAID, now=NOW)


def a_paid_order() -> Payment:
    """Give an order of two lines, paid by a voucher, two cash coupons and cash."""
    payment = a_payment(PaymentState.PAID)
    payment.lines = [
        {"line_number": 1, "parts": {"VOUCHER": 50, "CASH_COUPON": 30, "CASH": 20}, "refunded": {}},
        {"line_number": 2, "parts": {"CASH": 7}, "refunded": {}},
    ]
    payment.legs = [
        {"source": source, "units": units}
        for source, units in (
            ("VOUCHER", 50),
            ("CASH_COUPON", 10),
            ("CASH_COUPON", 20),
            ("CASH", 27),
        )
    ]
    return payment


def all_lines(payment: Payment) -> list[RefundLine]:
    return [RefundLine(line_number=line["line_number"]) for line in payment.lines]


def test_all_comes_back_where_coupons_do() -> None:
    payment = a_paid_order()

    returned = returned_lines(payment, all_lines(payment), returns_coupons=True)

    assert [one.parts for one in returned] == [line["parts"] for line in payment.lines]
    assert [one.forfeited for one in returned] == [{}, {}]


def test_a_part_comes_back_in_the_proportion_in_which_it_was_paid_but_for_the_voucher() -> None:
    half = RefundLine(line_number=1, units=50)

    (returned,) = returned_lines(a_paid_order(), [half], returns_coupons=False)

    assert returned.parts == {"CASH_COUPON": 15, "CASH": 10}
    assert returned.forfeited == {"VOUCHER": 25}
    assert returned.units == 50


def test_vouchers_come_back_for_a_period_that_has_not_begun() -> None:
    unstarted = RefundLine(line_number=1, units=50, is_period_unstarted=True)

    (returned,) = returned_lines(a_paid_order(), [unstarted], returns_coupons=False)

    assert returned.parts == {"VOUCHER": 25, "CASH_COUPON": 15, "CASH": 10}


def test_no_more_comes_back_than_is_left() -> None:
    payment = a_paid_order()
    payment.lines[0]["refunded"] = {"CASH_COUPON": 30, "CASH": 20}

    (rest,) = returned_lines(payment, [RefundLine(line_number=1)], returns_coupons=True)
    with pytest.raises(RefundExceedsPayment) as refused:
        returned_lines(payment, [RefundLine(line_number=1, units=51)], returns_coupons=True)

    assert rest.parts == {"VOUCHER": 50}
    assert refused.value.metadata == {"line_number": "1", "available": "0.5", "required": "0.51"}


@pytest.mark.parametrize("numbers", [(3,), (1, 1)])
def test_a_refund_names_lines_of_the_order_each_once(numbers: tuple[int, ...]) -> None:
    lines = [RefundLine(line_number=number) for number in numbers]

    with pytest.raises(InvalidArgument):
        returned_lines(a_paid_order(), lines, returns_coupons=True)


def test_nothing_left_is_nothing_to_refund() -> None:
    payment = a_paid_order()
    payment.lines[1]["refunded"] = {"CASH": 7}

    with pytest.raises(RefundExceedsPayment):
        returned_lines(payment, [RefundLine(line_number=2)], returns_coupons=True)


def test_legs_are_undone_from_the_last_one() -> None:
    payment = a_paid_order()
    (returned,) = returned_lines(
        payment, [RefundLine(line_number=1, units=80)], returns_coupons=True
    )

    undone = undone_legs(payment, [returned])

    assert [(leg["number"], leg["units"]) for leg in undone] == [
        (3, 16),
        (2, 20),
        (1, 4),
        (0, 40),
    ]
