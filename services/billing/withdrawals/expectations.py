"""When withdrawn money may be expected: nothing is processed while a month closes."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from services.billing.top_ups.model import Channel
from services.billing.withdrawals.model import WithdrawalKind

# Of each month the last working days (domain.md 6.4, rule 6).
CLOSING_DAYS: Final = 3
WORKING_DAYS_ONLINE: Final = 1
WORKING_DAYS_REMITTANCE: Final = 7
# Review and a bank transfer.
WORKING_DAYS_BANK: Final = 5

_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


def expected_date(applied: date, *, kind: str, channels: Collection[str | None]) -> date:
    """Give the day on which the money may be expected; holidays of the country are not known."""
    if kind != WithdrawalKind.ORIGINAL_ROUTE:
        left = WORKING_DAYS_BANK
    elif Channel.BANK_TRANSFER in channels:
        left = WORKING_DAYS_REMITTANCE
    else:
        left = WORKING_DAYS_ONLINE
    day = applied
    while left:
        day += _DAY
        left -= is_processed_on(day)
    return day


def is_processed_on(day: date) -> bool:
    """Tell whether withdrawals move on a day: a working day, and not one of the month's last."""
    if day.weekday() >= _SATURDAY:
        return False
    following, working = day + _DAY, 0
    while following.month == day.month:
        working += following.weekday() < _SATURDAY
        following += _DAY
    return working >= CLOSING_DAYS
