"""Why and for what an amount moved, in a partner's words, out of the ledger's codes."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from services.billing.ledger.chart import TradeDetail as LedgerDetail
from services.billing.ledger.chart import TransferCode
from services.kit.errors import InvalidArgument

MONTHS_MAX: Final = 18
MONTHS_DEFAULT: Final = 12
_MONTHS_OF_YEAR: Final = 12


class TradeType(StrEnum):
    TOP_UP = "TOP_UP"
    DEDUCT = "DEDUCT"
    REFUND = "REFUND"
    ADJUST = "ADJUST"
    ALLOCATE = "ALLOCATE"
    RECLAIM = "RECLAIM"
    UNBIND_RECLAIM = "UNBIND_RECLAIM"
    EXPIRE = "EXPIRE"
    WITHDRAWAL = "WITHDRAWAL"
    REVERSAL = "REVERSAL"


class Direction(StrEnum):
    INCOME = "INCOME"
    EXPENSE = "EXPENSE"


# Codes that move money or credit of a fund account; others never have an entry there.
_TYPES: Final[Mapping[TransferCode, tuple[TradeType, str]]] = {
    TransferCode.TOPUP_CONFIRMED: (TradeType.TOP_UP, "RECHARGE"),
    TransferCode.TOPUP: (TradeType.TOP_UP, "RECHARGE"),
    TransferCode.REBATE_TO_CASH: (TradeType.TOP_UP, "RECHARGE_REBATE"),
    TransferCode.CONSUME_CASH: (TradeType.DEDUCT, "CONSUMPTION"),
    TransferCode.CONSUME_CREDIT: (TradeType.DEDUCT, "CONSUMPTION"),
    TransferCode.ORDER_HOLD: (TradeType.DEDUCT, "CONSUMPTION"),
    TransferCode.CREDIT_REPAY: (TradeType.DEDUCT, "DEBT_REPAYMENT"),
    TransferCode.WRITE_OFF: (TradeType.ADJUST, "PLATFORM_WRITE_OFF"),
    TransferCode.REFUND: (TradeType.REFUND, "REFUND"),
    TransferCode.ADJUST: (TradeType.ADJUST, "BALANCE_ADJUSTMENT"),
    TransferCode.REBATE_TO_QUOTA: (TradeType.ADJUST, "VOUCHER_QUOTA_CONVERSION"),
    TransferCode.CREDIT_GRANT: (TradeType.ADJUST, "CREDIT_LIMIT_CHANGE"),
    TransferCode.CREDIT_REDUCE: (TradeType.ADJUST, "CREDIT_LIMIT_CHANGE"),
    TransferCode.CREDIT_EXPIRE: (TradeType.EXPIRE, "EXPIRY"),
    TransferCode.ALLOCATE: (TradeType.ALLOCATE, "ALLOCATION"),
    TransferCode.RECLAIM: (TradeType.RECLAIM, "RECLAIM"),
    TransferCode.UNBIND_RECLAIM: (TradeType.UNBIND_RECLAIM, "UNBIND_RECLAIM"),
    TransferCode.WITHDRAWAL: (TradeType.WITHDRAWAL, "WITHDRAWAL"),
    TransferCode.REVERSAL: (TradeType.REVERSAL, "REVERSAL"),
}


def trade_type(code: int) -> str | None:
    found = _TYPES.get(TransferCode(code))
    return None if found is None else found[0].value


def trade_detail(code: int, detail: int | None) -> str | None:
    """Say for what exactly: what the transfer says, or what its code means by itself."""
    if detail is not None:
        return LedgerDetail(detail).name
    found = _TYPES.get(TransferCode(code))
    return None if found is None else found[1]


def codes_of(trade_types: Sequence[str]) -> list[int]:
    """Give the ledger's codes of the lines of some types."""
    return [code for code, (kind, _) in _TYPES.items() if kind in trade_types]


def first_day(given: date | None, *, today: date) -> date:
    """Give the first day of a statement: the one asked for, by default a year ago.

    :raises InvalidArgument: where it lies further back than anybody may look.
    """
    oldest = _months_before(today, MONTHS_MAX)
    if given is not None and given < oldest:
        raise InvalidArgument(
            f"must not be before {oldest.isoformat()}", field="filter.trade_date_from"
        )
    return given or _months_before(today, MONTHS_DEFAULT)


def _months_before(day: date, count: int) -> date:
    """Give the first day of the month so many months ago: months differ in length."""
    number = day.year * _MONTHS_OF_YEAR + day.month - 1 - count
    return date(number // _MONTHS_OF_YEAR, number % _MONTHS_OF_YEAR + 1, 1)
