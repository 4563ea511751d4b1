"""Vouchers as files."""

from typing import Any, Final

from sqlalchemy import Select, literal
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.vouchers import queries
from services.billing.vouchers.filters import VoucherOrder, whose
from services.billing.vouchers.messages import to_filter
from services.billing.vouchers.model import Voucher
from services.kit.exports.columns import (
    FLAG,
    HUNDREDTHS,
    NUMBER,
    TEXT,
    TIME,
    WORD,
    Column,
    identity,
    own_identity,
)
from services.kit.exports.lists import Listed, Wanted


async def _vouchers(_session: AsyncSession, wanted: Wanted) -> Select[Any]:
    return queries.listed(
        wanted.scope,
        wanted.columns,
        wanted.narrowed,
        partner_id=whose(wanted.scope, wanted.narrowed),
        order_by=VoucherOrder.CREATE_TIME_DESC,
        page=wanted.page,
        now=literal(wanted.as_of),
    ).where(Voucher.create_time <= wanted.as_of)


VOUCHERS: Final = Listed(
    columns=[
        Column("Voucher", "id", own_identity("cpn")),
        Column("Quota", "quota_id", identity("quo")),
        Column("Issuer", "partner_id", identity("ptr")),
        Column("Customer", "customer_id", identity("cus")),
        Column("Type", "coupon_type", WORD),
        Column("Currency", "currency_code", WORD),
        Column("Face value", "face_value", NUMBER),
        Column("Balance", "balance_units", HUNDREDTHS),
        Column("State", "state", WORD),
        Column("Effective time", "effective_time", TIME),
        Column("Expire time", "expire_time", TIME),
        Column("Last use time", "last_use_time", TIME),
        Column("Create time", "create_time", TIME),
        Column("Order number", "order_number", TEXT),
        Column("Locked by order", "lock_order_number", TEXT),
        Column("Frozen", "is_frozen", FLAG),
        Column("Memo", "memo_for_reader", TEXT),
    ],
    read_filter=lambda message, _scope: to_filter(message),
    rows=_vouchers,
)
