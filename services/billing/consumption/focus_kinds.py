"""Which charging mode and bill type a line of FOCUS means, and how its money splits."""

from decimal import Decimal
from typing import Final

from services.billing.consumption import focus_values as read
from services.billing.consumption.charges import Amounts, BillType, ChargingMode
from services.billing.consumption.focus_cells import Cells
from services.billing.consumption.focus_values import RowFlaw
from services.kit.money import EXACT

AMOUNT_MAX: Final = Decimal(10) ** read.DIGITS_MAX

# What the categories mean where nothing else is said; the other bill types come through
# x_BillType only.
_BY_CATEGORY: Final = {
    "usage": BillType.USAGE,
    "purchase": BillType.PURCHASE,
    "tax": BillType.DEDUCTION_ADJUSTMENT,
    "credit": BillType.COMPENSATION_ADJUSTMENT,
    "adjustment": BillType.COMPENSATION_ADJUSTMENT,
}
# What they mean as a correction of an earlier cycle.
_CORRECTIONS: Final = {
    "usage": BillType.DEDUCTION_ADJUSTMENT,
    "purchase": BillType.CHANGE,
}
_PAID: Final = {
    "credit_amount": "x_CreditAmount",
    "voucher_amount": "x_VoucherAmount",
    "cash_coupon_amount": "x_CashCouponAmount",
    "stored_card_amount": "x_StoredCardAmount",
    "debt_amount": "x_DebtAmount",
}


def charging_mode(cells: Cells) -> ChargingMode:
    """Take a committed price for a savings plan or a reservation, a purchase for a period."""
    said = cells.named(ChargingMode, "x_ChargingMode")
    if said is not None:
        return said
    if cells.says("PricingCategory") == "committed":
        is_plan = "saving" in cells.says("CommitmentDiscountType")
        return ChargingMode.SAVINGS_PLAN if is_plan else ChargingMode.RESERVED
    is_purchase = cells.says("ChargeCategory") == "purchase"
    return ChargingMode.PERIOD if is_purchase else ChargingMode.PAY_PER_USE


def bill_type(cells: Cells, *, payable: Decimal, mode: ChargingMode) -> BillType:
    """Choose by category, then by class, sign, frequency and mode."""
    said = cells.named(BillType, "x_BillType")
    if said is not None:
        return said
    category = cells.must("ChargeCategory").lower()
    plain = _BY_CATEGORY.get(category)
    if plain is None:
        raise RowFlaw(f"is no category of FOCUS: {read.shown(category)}", column="ChargeCategory")
    if category == "purchase" and payable < 0:
        return BillType.UNSUBSCRIBE_REFUND
    if cells.says("ChargeClass") == "correction":
        return _CORRECTIONS.get(category, plain)
    if category == "adjustment" and payable > 0:
        return BillType.DEDUCTION_ADJUSTMENT
    if category == "purchase" and cells.says("ChargeFrequency") == "recurring":
        return BillType.MONTHLY_PAYMENT
    is_by_plan = category == "usage" and mode is ChargingMode.SAVINGS_PLAN
    return BillType.SAVINGS_PLAN_DEDUCTION if is_by_plan else plain


def amounts(cells: Cells) -> Amounts:
    """Split the money of a line; what no column says was paid otherwise was paid in cash."""
    payable = read.amount(cells.must("BilledCost"), column="BilledCost")
    listed = cells.amount("ListCost")
    listed = payable if listed is None else listed
    discount = EXACT.subtract(listed, payable)
    if abs(discount) >= AMOUNT_MAX:
        raise RowFlaw("differs from BilledCost by more than can be kept", column="ListCost")
    paid: dict[str, Decimal] = {}
    rest = payable
    for field, column in _PAID.items():
        value = cells.amount(column)
        if value is not None:
            paid[field] = value
            rest = EXACT.subtract(rest, value)
    cash = cells.amount("x_CashAmount")
    if cash is not None and cash != rest:
        raise RowFlaw("the amounts paid do not add up to BilledCost", column="x_CashAmount")
    if abs(rest) >= AMOUNT_MAX:
        raise RowFlaw("the amounts paid are more than can be kept", column="BilledCost")
    return Amounts(
        list_amount=listed,
        discount_amount=discount,
        payable_amount=payable,
        cash_amount=rest,
        writeoff_amount=cells.amount("x_WriteoffAmount") or Decimal(0),
        **paid,
    )
