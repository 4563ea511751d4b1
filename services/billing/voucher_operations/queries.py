"""Reads the operation records of quotas and vouchers, inside the scope of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.billing.links.model import CustomerLink
from services.billing.voucher_operations.model import VoucherOperation
from services.kit.fields import fetch, selected
from services.kit.groups import by_parent, first_of_each, parents
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset, search


class VoucherOperationOrder(StrEnum):
    OPERATE_TIME_DESC = "OPERATE_TIME_DESC"
    OPERATE_TIME_ASC = "OPERATE_TIME_ASC"


_DIRECTIONS: Final[dict[str, Direction]] = {
    VoucherOperationOrder.OPERATE_TIME_DESC: "desc",
    VoucherOperationOrder.OPERATE_TIME_ASC: "asc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherOperationFilter:
    """What a list is narrowed by; None and empty narrow nothing."""

    operate_time: tuple[datetime | None, datetime | None] = (None, None)
    customer_name: str | None = None
    indirect_partner_name: str | None = None
    quota_id: UUID | None = None
    parent_quota_id: UUID | None = None
    operator: str | None = None
    operation_types: Sequence[str] = ()
    result: str | None = None
    voucher_ids: Sequence[UUID] = ()


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: VoucherOperationFilter,
    order_by: str,
    page: Page,
) -> Sequence[Sequence[Any]]:
    """Give one row more than the page has, if there are any; rows end with their place."""
    statement = listed(scope, columns, narrowed, order_by=order_by, page=page)
    return await fetch(session, statement)


async def batch_list_by_quota(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    quota_ids: Sequence[UUID],
    narrowed: VoucherOperationFilter,
    order_by: str,
    page: Page,
) -> dict[UUID, list[Sequence[Any]]]:
    """Give each quota's first records, one row more than the page has, by one statement.

    Rows end with their place; before that stands whose they are.
    """
    statement = listed(scope, columns, narrowed, order_by=order_by, page=page)
    firsts = first_of_each(
        statement,
        parent=VoucherOperation.quota_id,
        parent_ids=parents(quota_ids),
        direction=_DIRECTIONS[order_by],
    )
    return by_parent(await fetch(session, firsts), quota_ids)


def listed(
    scope: Scope,
    columns: Sequence[str],
    narrowed: VoucherOperationFilter,
    *,
    order_by: str,
    page: Page,
) -> Select[Any]:
    """Give the statement of a page of a list."""
    statement = select(
        *selected(VoucherOperation, columns),
        VoucherOperation.operate_time.label("sort_value"),
        VoucherOperation.id.label("row_id"),
    ).where(*scope.covers(VoucherOperation, account_manager=CustomerLink.account_manager_id))
    if scope.account_manager_ids is not None or narrowed.customer_name is not None:
        statement = statement.join(
            CustomerLink,
            (CustomerLink.tenant_id == VoucherOperation.tenant_id)
            & (CustomerLink.customer_id == VoucherOperation.customer_id),
        )
    direction = _DIRECTIONS[order_by]
    sort = [(VoucherOperation.operate_time, direction), (VoucherOperation.id, direction)]
    return keyset(_narrow(statement, narrowed), sort=sort, page=page)


def _narrow(statement: Select[Any], narrowed: VoucherOperationFilter) -> Select[Any]:
    begin, end = narrowed.operate_time
    if begin is not None:
        statement = statement.where(VoucherOperation.operate_time >= begin)
    if end is not None:
        statement = statement.where(VoucherOperation.operate_time < end)
    for column, value in (
        (VoucherOperation.quota_id, narrowed.quota_id),
        (VoucherOperation.parent_quota_id, narrowed.parent_quota_id),
        (VoucherOperation.operator, narrowed.operator),
        (VoucherOperation.result, narrowed.result),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if narrowed.operation_types:
        statement = statement.where(VoucherOperation.operation_type.in_(narrowed.operation_types))
    if narrowed.voucher_ids:
        statement = statement.where(VoucherOperation.voucher_id.in_(narrowed.voucher_ids))
    if narrowed.customer_name is not None:
        name = search(
            CustomerLink.customer_name, narrowed.customer_name, field="filter.customer_name"
        )
        statement = statement.where(name)
    if narrowed.indirect_partner_name is not None:
        statement = statement.where(_is_of_reseller_called(narrowed.indirect_partner_name))
    return statement


def _is_of_reseller_called(name: str) -> Any:
    """Match records made for a reseller, or by one; its name is known from its customers."""
    link = aliased(CustomerLink)
    reseller = func.coalesce(
        VoucherOperation.indirect_partner_id,
        func.nullif(VoucherOperation.partner_id, VoucherOperation.tenant_id),
    )
    return (
        select(link.customer_id)
        .where(
            link.tenant_id == VoucherOperation.tenant_id,
            link.partner_id == reseller,
            search(link.partner_name, name, field="filter.indirect_partner_name"),
        )
        .exists()
    )
