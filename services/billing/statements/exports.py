"""Lines of statements as files."""

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Select, case
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import READERS
from services.billing.days import day_at
from services.billing.ledger.chart import Unit
from services.billing.statements import queries
from services.billing.statements.messages import to_filter, to_of
from services.billing.statements.model import Direction, trade_detail, trade_type
from services.kit.exports.columns import TIME, UNITS, WORD, Cell, Column, identity
from services.kit.exports.lists import Listed, Wanted


async def _entries(_session: AsyncSession, wanted: Wanted) -> Select[Any]:
    of, message = wanted.narrowed
    narrowed = to_filter(message, today=day_at(wanted.as_of))
    return queries.listed(
        wanted.scope, wanted.columns, of, replace(narrowed, as_of=wanted.as_of), page=wanted.page
    )


_TYPE: Final = Cell(in_python=trade_type)
_DETAIL: Final = Cell(
    in_sql=lambda code, detail: array([code, detail]), in_python=lambda both: trade_detail(*both)
)
_DIRECTION: Final = Cell(
    in_sql=lambda amount: case((amount > 0, Direction.INCOME.value), else_=Direction.EXPENSE.value)
)
_CURRENCY: Final = Cell(in_python=lambda unit: Unit.parse(unit).currency_code)

STATEMENT_ENTRIES: Final = Listed(
    columns=[
        Column("Account", "account_id", identity("acc")),
        Column("Transaction", "transaction_id", identity("txn")),
        Column("Trade type", "code", _TYPE),
        Column("Trade detail", "code", _DETAIL, ("trade_detail",)),
        Column("Trade time", "create_time", TIME),
        Column("Direction", "amount", _DIRECTION),
        Column("Currency", "unit", _CURRENCY),
        Column("Change", "amount", UNITS, ("unit",)),
        Column("Balance", "balance", UNITS, ("unit",)),
        Column("Customer", "customer_id", identity("cus")),
        Column("Reseller", "indirect_partner_id", identity("ptr")),
        Column("Top-up", "top_up_id", identity("tup")),
        Column("Channel", "channel", WORD),
    ],
    read_filter=lambda message, scope: (to_of(message, scope=scope), message),
    rows=_entries,
    roles=frozenset(READERS),
)
