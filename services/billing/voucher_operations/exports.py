"""Operation records of quotas and vouchers as files."""

from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.voucher_operations import queries
from services.billing.voucher_operations.messages import to_filter
from services.billing.voucher_operations.model import VoucherOperation
from services.billing.voucher_operations.queries import VoucherOperationOrder
from services.kit.exports.columns import NUMBER, TEXT, TIME, WORD, Column, identity
from services.kit.exports.lists import Listed, Wanted


async def _operations(_session: AsyncSession, wanted: Wanted) -> Select[Any]:
    return queries.listed(
        wanted.scope,
        wanted.columns,
        wanted.narrowed,
        order_by=VoucherOperationOrder.OPERATE_TIME_DESC,
        page=wanted.page,
    ).where(VoucherOperation.operate_time <= wanted.as_of)


VOUCHER_OPERATIONS: Final = Listed(
    columns=[
        Column("Operation", "operation_type", WORD),
        Column("Time", "operate_time", TIME),
        Column("Quota", "quota_id", identity("quo")),
        Column("Source quota", "parent_quota_id", identity("quo")),
        Column("Voucher", "voucher_id", identity("cpn")),
        Column("Customer", "customer_id", identity("cus")),
        Column("Reseller", "indirect_partner_id", identity("ptr")),
        Column("Currency", "currency_code", WORD),
        Column("Amount", "amount", NUMBER),
        Column("Operator", "operator", TEXT),
        Column("Result", "result", WORD),
        Column("Reason of failure", "failure_reason", TEXT),
        Column("Remark", "remark", TEXT),
    ],
    read_filter=lambda message, _scope: to_filter(message),
    rows=_operations,
)
