"""Which charging mode and bill type a line of FOCUS means, and how its money splits."""

from decimal import Decimal
from typing import Final

from services.billing.consumption import focus_values as read
from services.billing.consumption.charges import Amounts, BillType, ChargingMode
from services.billing.consumption.focus_cells import Cells
from services.billing.consumption.focus_values import RowFlaw
from services.billing.links.model import AssociationType
from services.kit.money import EXACT

AMOUNT_MAX: Final = Decimal(10) ** read.DIGITS_MAX

# The vendor's numbers, as its own files write them.
MODE_NUMBERS: Final = {
    "1": ChargingMode.PERIOD,
    "3": ChargingMode.PAY_PER_USE,
    "10": ChargingMode.RESERVED,
    "11": ChargingMode.SAVINGS_PLAN,
}
BILL_TYPE_NUMBERS: Final = {
    "1": BillType.PURCHASE,
    "2": BillType.RENEWAL,
    "3": BillType.CHANGE,
    "4": BillType.UNSUBSCRIBE_REFUND,
    "5": BillType.USAGE,
    "8": BillType.AUTO_RENEWAL,
    "9": BillType.COMPENSATION_ADJUSTMENT,
    "14": BillType.SUPPORT_PLAN_MONTH_END,
    "16": BillType.DEDUCTION_ADJUSTMENT,
    "18": BillType.MONTHLY_PAYMENT,
    "20": BillType.CHANGE_REFUND,
    "23": BillType.SAVINGS_PLAN_DEDUCTION,
    "24": BillType.PERIOD_TO_PAY_PER_USE_REFUND,
    "25": BillType.ROUNDING_MAKE_UP,
    "103": BillType.YEARLY_PAYMENT,
}
ASSOCIATION_NUMBERS: Final = {"1": AssociationType.ADVISORY, "2": AssociationType.RESALE}

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
    said = cells.named(ChargingMode, "x_ChargingMode", numbers=MODE_NUMBERS)
    if said is not None:
        return said
    if cells.says("PricingCategory") == "committed":
        is_plan = "saving" in cells.says("CommitmentDiscountType")
        return ChargingMode.SAVINGS_PLAN if is_plan else ChargingMode.RESERVED
    is_purchase = cells.says("ChargeCategory") == "purchase"
    return ChargingMode.PERIOD if is_purchase else ChargingMode.PAY_PER_USE


def bill_type(cells: Cells, *, payable: Decimal, mode: ChargingMode) -> BillType:
    """Choose by category, then by class, sign, frequency and mode."""
    said = cells.named(BillType, "x_BillType", numbers=BILL_TYPE_NUMBERS)
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
