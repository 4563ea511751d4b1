"""Adjustments as files."""

from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import READERS
from services.billing.adjustments import queries
from services.billing.adjustments.messages import to_filter
from services.billing.adjustments.model import Adjustment
from services.billing.adjustments.queries import AdjustmentOrder
from services.kit.exports.columns import (
    NUMBER,
    TEXT,
    TIME,
    WORD,
    Column,
    identity,
    own_identity,
)
from services.kit.exports.lists import Listed, Wanted


async def _adjustments(_session: AsyncSession, wanted: Wanted) -> Select[Any]:
    return queries.listed(
        wanted.scope,
        wanted.columns,
        wanted.narrowed,
        order_by=AdjustmentOrder.OPERATE_TIME_DESC,
        page=wanted.page,
    ).where(Adjustment.operate_time <= wanted.as_of)


ADJUSTMENTS: Final = Listed(
    columns=[
        Column("Adjustment", "id", own_identity("adj")),
        Column("Transaction", "transaction_id", identity("txn")),
        Column("Partner", "partner_id", identity("ptr")),
        Column("Customer", "customer_id", identity("cus")),
        Column("Reseller", "target_partner_id", identity("ptr")),
        Column("Operation", "operation_type", WORD),
        Column("Kind", "kind", WORD),
        Column("Currency", "currency_code", WORD),
        Column("Amount", "amount", NUMBER),
        Column("Time", "operate_time", TIME),
        Column("Operator", "operator", TEXT),
        Column("Memo", "memo", TEXT),
    ],
    read_filter=lambda message, scope: to_filter(message, scope=scope),
    rows=_adjustments,
    roles=frozenset(READERS),
)
