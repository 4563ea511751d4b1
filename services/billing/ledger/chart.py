"""The chart of accounts: kinds of accounts and transfers, and the units that accounts count in."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Final, Self

from services.kit.money import Money

# Where the smallest unit is not a hundredth.
_EXPONENTS: Final = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "OMR": 3}
CREDIT: Final = "CREDIT"
NEVER: Final = "NEVER"


class Guard(IntEnum):
    """Which side may not exceed the other, pending amounts counted."""

    NONE = 0
    DEBITS = 1
    CREDITS = 2


class AccountKind(IntEnum):
    CASH_CLEARING = 1
    PARTNER_CASH = 2
    PARTNER_CASH_DESIGNATED = 3
    CUSTOMER_CASH = 4
    RECEIVABLE = 5
    REVENUE = 6
    PAYOUT_CLEARING = 7
    CREDIT_SOURCE = 20
    PARTNER_CREDIT = 21
    CUSTOMER_CREDIT = 22
    CREDIT_USED = 23
    VQ_GRANTED = 40
    VQ_AVAILABLE = 41
    VOUCHER = 42
    VQ_USED = 43
    VQ_EXPIRED = 44
    VQ_WITHDRAWN = 45
    REBATE_EXPENSE = 60
    REBATE_ACCRUED = 61
    REBATE_FROZEN = 62
    REBATE_PAYABLE = 63

    @property
    def guard(self) -> Guard:
        return Guard.DEBITS if self in _GUARDED else Guard.NONE


# What somebody holds can not be spent twice; the platform's counterparts may go either way.
_GUARDED: Final = frozenset(
    {
        AccountKind.PARTNER_CASH,
        AccountKind.PARTNER_CASH_DESIGNATED,
        AccountKind.CUSTOMER_CASH,
        AccountKind.PARTNER_CREDIT,
        AccountKind.CUSTOMER_CREDIT,
        AccountKind.CREDIT_USED,
        AccountKind.VQ_AVAILABLE,
        AccountKind.VOUCHER,
        AccountKind.REBATE_ACCRUED,
        AccountKind.REBATE_FROZEN,
        AccountKind.REBATE_PAYABLE,
    }
)


class TransferCode(IntEnum):
    """Why an amount moves."""

    TOPUP_CONFIRMED = 1
    ALLOCATE = 2
    RECLAIM = 3
    UNBIND_RECLAIM = 4
    CONSUME_CASH = 5
    CONSUME_CREDIT = 6
    CONSUME_VOUCHER = 7
    REFUND = 8
    ADJUST = 9
    WRITE_OFF = 10
    CREDIT_GRANT = 20
    CREDIT_EXPIRE = 21
    CREDIT_REPAY = 22
    CREDIT_REDUCE = 23
    VQ_GRANT = 40
    VQ_DELEGATE = 41
    VQ_UNDELEGATE = 42
    VOUCHER_ISSUE = 43
    VOUCHER_RECLAIM = 44
    VOUCHER_EXPIRE = 45
    VQ_EXPIRE = 46
    REBATE_ACCRUE = 60
    REBATE_FREEZE = 61
    REBATE_RELEASE = 62
    REBATE_TO_CASH = 63
    REBATE_TO_QUOTA = 64
    TOPUP = 80
    ORDER_HOLD = 81
    WITHDRAWAL = 82
    REVERSAL = 90


class TradeDetail(IntEnum):
    """What exactly a transfer was for, where its code alone does not tell (domain.md 4.3)."""

    RECHARGE_REBATE = 1
    PERIOD = 10
    ONE_TIME = 11
    USAGE = 12
    RESERVED_INSTANCE = 13
    PRECISION_MAKE_UP = 14
    FREE_RESOURCE = 15
    DEBT_REPAYMENT = 16
    BILL_PAYMENT = 17
    UNSUBSCRIBE = 20
    BALANCE_ADJUSTMENT = 30
    GIFT = 31
    PLATFORM_WRITE_OFF = 32
    VOUCHER_QUOTA_CONVERSION = 33
    MODE_SWITCH = 40
    WITHDRAWAL_RETURN = 50


class Phase(IntEnum):
    """What a transfer does: moves an amount, sets it aside, or resolves what was set aside."""

    POSTED = 1
    PENDING = 2
    POST = 3
    VOID = 4
    EXPIRE = 5


@dataclass(frozen=True, slots=True)
class Unit:
    """What an account counts; only accounts of one unit exchange amounts.

    Cash is 'CNY/2', credit 'CREDIT:2027-06-30:CNY/2' or 'CREDIT:NEVER:CNY/2', vouchers of a quota
    'VQ:quo_…:CNY/2'.
    """

    currency_code: str
    exponent: int = 2
    # Empty for cash.
    book: str = ""

    def __str__(self) -> str:
        return f"{self.book}{':' if self.book else ''}{self.currency_code}/{self.exponent}"

    @classmethod
    def parse(cls, text: str) -> Self:
        book, _, counted = text.rpartition(":")
        currency_code, _, exponent = counted.partition("/")
        return cls(currency_code, int(exponent), book)

    @classmethod
    def cash(cls, currency_code: str) -> Self:
        return cls(currency_code, _EXPONENTS.get(currency_code, 2))

    @classmethod
    def credit(cls, currency_code: str, *, expire_date: date | None) -> Self:
        """Give the unit of a lot: credit that expires on another day is another unit."""
        day = NEVER if expire_date is None else expire_date.isoformat()
        return cls(currency_code, _EXPONENTS.get(currency_code, 2), f"{CREDIT}:{day}")

    @property
    def expire_date(self) -> date | None:
        """Give the last day of a lot of credit; None where it never expires."""
        book, _, day = self.book.partition(":")
        return None if book != CREDIT or day == NEVER else date.fromisoformat(day)

    def count(self, amount: Money) -> int:
        """Count an amount in the smallest unit; another currency is a defect of the caller."""
        if amount.currency_code != self.currency_code:
            message = f"{amount.currency_code} can not be counted in {self}"
            raise ValueError(message)
        return amount.to_minor_units(exponent=self.exponent)

    def money(self, units: int) -> Money:
        return Money.from_minor_units(units, self.currency_code, exponent=self.exponent)
