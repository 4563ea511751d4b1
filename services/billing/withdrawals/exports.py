"""Withdrawals as files; of the bank account's number there is no more than everybody sees."""

from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import READERS
from services.billing.withdrawals import queries
from services.billing.withdrawals.messages import to_filter
from services.billing.withdrawals.model import Withdrawal
from services.billing.withdrawals.queries import WithdrawalOrder
from services.kit.exports.columns import (
    DAY,
    TEXT,
    TIME,
    UNITS,
    WORD,
    Cell,
    Column,
    harmless,
    identity,
    own_identity,
)
from services.kit.exports.lists import Listed, Wanted


async def _withdrawals(_session: AsyncSession, wanted: Wanted) -> Select[Any]:
    return queries.listed(
        wanted.scope,
        wanted.columns,
        wanted.narrowed,
        order_by=WithdrawalOrder.APPLY_TIME_DESC,
        page=wanted.page,
    ).where(Withdrawal.apply_time <= wanted.as_of)


def _of_bank(name: str) -> Cell:
    return Cell(in_sql=lambda bank: bank.op("->>")(name), in_python=harmless)


# With something before it, so that it stays a text and keeps its zeros.
_NUMBER: Final = Cell(
    in_sql=lambda bank: bank.op("->>")("last_four"),
    in_python=lambda last_four: last_four and f"****{last_four}",
)

WITHDRAWALS: Final = Listed(
    columns=[
        Column("Withdrawal", "id", own_identity("wdr")),
        Column("Partner", "partner_id", identity("ptr")),
        Column("Kind", "kind", WORD),
        Column("State", "state", WORD),
        Column("Currency", "currency_code", WORD),
        Column("Amount", "amount", UNITS, ("unit",)),
        Column("Paid amount", "paid_amount", UNITS, ("unit",)),
        Column("Bank", "bank", _of_bank("bank_name")),
        Column("Branch", "bank", _of_bank("branch")),
        Column("Account name", "bank", _of_bank("account_name")),
        Column("Account number", "bank", _NUMBER),
        Column("Apply time", "apply_time", TIME),
        Column("Applicant", "applicant", TEXT),
        Column("Review time", "review_time", TIME),
        Column("Reason of rejection", "reject_reason", TEXT),
        Column("Expected day", "expect_date", DAY),
        Column("Finish time", "finish_time", TIME),
    ],
    read_filter=lambda message, _scope: to_filter(message),
    rows=_withdrawals,
    roles=frozenset(READERS),
)
