"""Payments as files."""

from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.accounts.model import READERS
from services.billing.payments import queries
from services.billing.payments.messages import to_filter
from services.billing.payments.model import AMOUNTS, Payment
from services.billing.payments.queries import PaymentOrder
from services.kit.exports.columns import (
    MONTH,
    NUMBER,
    TEXT,
    TIME,
    WORD,
    Column,
    identity,
    own_identity,
)
from services.kit.exports.lists import Listed, Wanted


async def _payments(_session: AsyncSession, wanted: Wanted) -> Select[Any]:
    return queries.listed(
        wanted.scope,
        wanted.columns,
        wanted.narrowed,
        order_by=PaymentOrder.CREATE_TIME_DESC,
        page=wanted.page,
        now=wanted.as_of,
    ).where(Payment.create_time <= wanted.as_of)


PAYMENTS: Final = Listed(
    columns=[
        Column("Payment", "id", own_identity("pmt")),
        Column("Customer", "customer_id", identity("cus")),
        Column("Partner", "partner_id", identity("ptr")),
        Column("Kind", "kind", WORD),
        Column("State", "shown_state", WORD),
        Column("Payer", "payer", WORD),
        Column("Order number", "order_number", TEXT),
        Column("Billing cycle", "billing_cycle", MONTH),
        Column("Refunded payment", "refunded_payment_id", identity("pmt")),
        Column("Currency", "currency_code", WORD),
        *(Column(name.replace("_", " ").capitalize(), name, NUMBER) for name in AMOUNTS),
        Column("Transaction", "transaction_id", identity("txn")),
        Column("Create time", "create_time", TIME),
        Column("Expire time", "expire_time", TIME),
        Column("Pay time", "pay_time", TIME),
        Column("Cancel time", "cancel_time", TIME),
    ],
    read_filter=lambda message, scope: to_filter(message, scope=scope),
    rows=_payments,
    roles=frozenset(READERS),
)
