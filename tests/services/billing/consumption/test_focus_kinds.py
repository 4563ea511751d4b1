"""What kind of charge a line is, and how its money splits."""

from decimal import Decimal

import pytest

from services.billing.consumption.charges import BillType, ChargingMode
from tests.builders.consumption import a_charge, a_flaw


@pytest.mark.parametrize(
    ("cells", "bill_type"),
    [
        ({"ChargeCategory": "Usage"}, "USAGE"),
        ({"ChargeCategory": "USAGE", "ChargeClass": "Correction"}, "DEDUCTION_ADJUSTMENT"),
        ({"ChargeCategory": "Purchase"}, "PURCHASE"),
        ({"ChargeCategory": "Purchase", "ChargeFrequency": "recurring"}, "MONTHLY_PAYMENT"),
        ({"ChargeCategory": "Purchase", "ChargeClass": "Correction"}, "CHANGE"),
        ({"ChargeCategory": "Purchase", "BilledCost": "-1"}, "UNSUBSCRIBE_REFUND"),
        ({"ChargeCategory": "Tax"}, "DEDUCTION_ADJUSTMENT"),
        ({"ChargeCategory": "Credit", "BilledCost": "-1"}, "COMPENSATION_ADJUSTMENT"),
        ({"ChargeCategory": "Adjustment", "BilledCost": "-1"}, "COMPENSATION_ADJUSTMENT"),
        ({"ChargeCategory": "Adjustment", "BilledCost": "1"}, "DEDUCTION_ADJUSTMENT"),
        ({"x_BillType": "103"}, "YEARLY_PAYMENT"),
        ({"x_BillType": "change refund"}, "CHANGE_REFUND"),
    ],
)
def test_the_category_says_what_bill_type_it_is_unless_the_line_does(
    cells: dict[str, str], bill_type: str
) -> None:
    assert a_charge(**cells).bill_type is BillType[bill_type]


@pytest.mark.parametrize(
    ("cells", "mode"),
    [
        ({}, "PAY_PER_USE"),
        ({"ChargeCategory": "Purchase"}, "PERIOD"),
        (
            {"PricingCategory": "Committed", "CommitmentDiscountType": "Savings Plan"},
            "SAVINGS_PLAN",
        ),
        ({"PricingCategory": "committed", "CommitmentDiscountType": "Reserved"}, "RESERVED"),
        ({"PricingCategory": "Committed", "x_ChargingMode": "1"}, "PERIOD"),
    ],
)
def test_the_price_says_what_charging_mode_it_is_unless_the_line_does(
    cells: dict[str, str], mode: str
) -> None:
    assert a_charge(**cells).charging_mode is ChargingMode[mode]


def test_use_under_a_savings_plan_is_its_deduction() -> None:
    charge = a_charge(PricingCategory="Committed", CommitmentDiscountType="Savings Plan")

    assert charge.bill_type is BillType.SAVINGS_PLAN_DEDUCTION


def test_what_no_column_says_was_paid_in_cash() -> None:
    amounts = a_charge(BilledCost="1.5", ListCost="2").amounts

    assert (amounts.discount_amount, amounts.cash_amount) == (Decimal("0.5"), Decimal("1.5"))


def test_the_columns_of_our_own_say_how_it_was_paid() -> None:
    amounts = a_charge(
        BilledCost="10",
        ListCost="9",
        x_CreditAmount="1",
        x_VoucherAmount="2",
        x_CashCouponAmount="3",
        x_StoredCardAmount="0.5",
        x_DebtAmount="0.25",
        x_WriteoffAmount="4",
    ).amounts

    assert amounts.cash_amount == Decimal("3.25")
    assert amounts.discount_amount == Decimal(-1)
    assert amounts.writeoff_amount == Decimal(4)


def test_amounts_that_could_not_be_kept_are_a_flaw() -> None:
    most = "9" * 20

    assert a_flaw(BilledCost=f"-{most}", ListCost=most).column == "ListCost"
    assert a_flaw(BilledCost=most, ListCost=most, x_DebtAmount=f"-{most}").column == "BilledCost"
