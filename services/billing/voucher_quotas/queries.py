"""Reads voucher quotas with their balances, inside the scope of who asks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger.model import Account
from services.billing.links.model import named_reseller, whose_rows
from services.billing.voucher_quotas.locked import AVAILABLE_UNITS, ITS_ACCOUNT
from services.billing.voucher_quotas.model import VoucherQuota, VoucherQuotaState
from services.kit.fields import fetch, selected
from services.kit.groups import by_parent, first_of_each, parents
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset

TimeRange = tuple[datetime | None, datetime | None]


class VoucherQuotaOrder(StrEnum):
    EXPIRE_TIME_ASC = "EXPIRE_TIME_ASC"
    EXPIRE_TIME_DESC = "EXPIRE_TIME_DESC"
    CREATE_TIME_DESC = "CREATE_TIME_DESC"
    CREATE_TIME_ASC = "CREATE_TIME_ASC"


_SORT: Final[dict[str, tuple[Any, Direction]]] = {
    VoucherQuotaOrder.EXPIRE_TIME_ASC: (VoucherQuota.expire_time, "asc"),
    VoucherQuotaOrder.EXPIRE_TIME_DESC: (VoucherQuota.expire_time, "desc"),
    VoucherQuotaOrder.CREATE_TIME_DESC: (VoucherQuota.create_time, "desc"),
    VoucherQuotaOrder.CREATE_TIME_ASC: (VoucherQuota.create_time, "asc"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherQuotaFilter:
    """What a list is narrowed by; None and empty narrow nothing."""

    quota_ids: Sequence[UUID] = ()
    states: Sequence[str] = ()
    coupon_type: str | None = None
    create_time: TimeRange = (None, None)
    effective_time: TimeRange = (None, None)
    expire_time: TimeRange = (None, None)
    indirect_partner_id: UUID | None = None
    parent_quota_id: UUID | None = None


async def batch_get(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    ids: Sequence[UUID],
    now: datetime,
) -> list[Sequence[Any]]:
    """Give those in scope in the order of the ids; behind its columns, a row has its id."""
    statement = _shown(scope, columns, now=now).add_columns(VoucherQuota.id.label("row_id"))
    rows = await fetch(session, statement.where(VoucherQuota.id.in_(ids)))
    found = {row[-1]: row for row in rows}
    return [found[one] for one in ids if one in found]


async def accounts_of(
    session: AsyncSession, *, scope: Scope, quota_ids: Iterable[UUID]
) -> dict[UUID, UUID]:
    """Give the ledger's account of each quota in scope."""
    statement = select(VoucherQuota.id, VoucherQuota.account_id).where(
        *scope.covers(VoucherQuota), VoucherQuota.id.in_(quota_ids)
    )
    return {row.id: row.account_id for row in await session.execute(statement)}


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: VoucherQuotaFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> Sequence[Sequence[Any]]:
    """Give one row more than the page has, if there are any; rows end with their place."""
    listed = _listed(
        scope,
        columns,
        narrowed,
        partner_id=_whose(scope, narrowed),
        order_by=order_by,
        page=page,
        now=now,
    )
    return await fetch(session, listed)


async def batch_list_by_parent(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    parent_quota_ids: Sequence[UUID],
    narrowed: VoucherQuotaFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> dict[UUID, list[Sequence[Any]]]:
    """Give the first quotas below each, one row more than the page has, by one statement.

    Rows end with their place; before that stands below which they are.
    """
    listed = _listed(
        scope,
        columns,
        narrowed,
        partner_id=named_reseller(scope, indirect_partner_id=narrowed.indirect_partner_id),
        order_by=order_by,
        page=page,
        now=now,
    )
    statement = first_of_each(
        listed,
        parent=VoucherQuota.parent_quota_id,
        parent_ids=parents(parent_quota_ids),
        direction=_SORT[order_by][1],
    )
    return by_parent(await fetch(session, statement), parent_quota_ids)


def _whose(scope: Scope, narrowed: VoucherQuotaFilter) -> UUID | None:
    """Say whose quotas are asked for: the caller's own, unless others are named.

    None: those below the quota that is named, whosever.
    """
    if narrowed.parent_quota_id is None:
        return whose_rows(scope, indirect_partner_id=narrowed.indirect_partner_id)
    return named_reseller(scope, indirect_partner_id=narrowed.indirect_partner_id)


def _listed(
    scope: Scope,
    columns: Sequence[str],
    narrowed: VoucherQuotaFilter,
    *,
    partner_id: UUID | None,
    order_by: str,
    page: Page,
    now: datetime,
) -> Select[Any]:
    column, direction = _SORT[order_by]
    statement = _shown(scope, columns, now=now).add_columns(
        column.label("sort_value"), VoucherQuota.id.label("row_id")
    )
    return keyset(
        _narrow(statement, narrowed, partner_id=partner_id, now=now),
        sort=[(column, direction), (VoucherQuota.id, direction)],
        page=page,
    )


def _shown(scope: Scope, columns: Sequence[str], *, now: datetime) -> Select[Any]:
    expressions = selected(
        VoucherQuota, columns, balance_units=AVAILABLE_UNITS, shown_state=VoucherQuota.state_at(now)
    )
    statement = select(*expressions).select_from(VoucherQuota).where(*scope.covers(VoucherQuota))
    if "balance_units" in columns:
        statement = statement.join(Account, ITS_ACCOUNT)
    if scope.partner_id is not None:
        # What a distributor took back is out of its reseller's sight.
        statement = statement.where(VoucherQuota.state != VoucherQuotaState.RECLAIMED)
    return statement


def _narrow(
    statement: Select[Any], narrowed: VoucherQuotaFilter, *, partner_id: UUID | None, now: datetime
) -> Select[Any]:
    for column, value in (
        (VoucherQuota.partner_id, partner_id),
        (VoucherQuota.parent_quota_id, narrowed.parent_quota_id),
        (VoucherQuota.coupon_type, narrowed.coupon_type),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if narrowed.quota_ids:
        statement = statement.where(VoucherQuota.id.in_(narrowed.quota_ids))
    if narrowed.states:
        statement = statement.where(VoucherQuota.state_at(now).in_(narrowed.states))
    for time, (begin, end) in (
        (VoucherQuota.create_time, narrowed.create_time),
        (VoucherQuota.effective_time, narrowed.effective_time),
        (VoucherQuota.expire_time, narrowed.expire_time),
    ):
        if begin is not None:
            statement = statement.where(time >= begin)
        if end is not None:
            statement = statement.where(time < end)
    return statement
