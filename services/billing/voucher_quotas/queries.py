"""Reads voucher quotas with their balances, inside the scope of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger.model import Account
from services.billing.voucher_quotas.model import VoucherQuota, VoucherQuotaState
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.money import Money
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

_AVAILABLE: Final = Account.credits_posted - Account.debits_posted - Account.debits_pending
_ITS_ACCOUNT: Final = (Account.tenant_id == VoucherQuota.tenant_id) & (
    Account.id == VoucherQuota.account_id
)


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


@dataclass(frozen=True, slots=True)
class LockedQuota:
    """A quota that nobody else moves, with what is left of it."""

    quota: VoucherQuota
    balance: Money


async def get_for_update(
    session: AsyncSession, *, scope: Scope, quota_id: UUID
) -> LockedQuota | None:
    """Give a quota of the caller's own; others who change it or issue from it wait.

    Everything that moves the quota's account takes this lock first.
    """
    mine = (
        *scope.covers(VoucherQuota),
        VoucherQuota.id == quota_id,
        VoucherQuota.partner_id == scope.own_partner_id,
    )
    lock = select(VoucherQuota.id).where(*mine).with_for_update(key_share=True)
    if await session.scalar(lock) is None:
        return None
    # A statement of its own: behind a lock that was waited for, it sees what the other did.
    statement = select(VoucherQuota, _AVAILABLE).join(Account, _ITS_ACCOUNT).where(*mine)
    quota, units = (await session.execute(statement)).one()
    return LockedQuota(quota, quota.unit.money(units))


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
    column, direction = _SORT[order_by]
    statement = _shown(scope, columns, now=now).add_columns(
        column.label("sort_value"), VoucherQuota.id.label("row_id")
    )
    statement = keyset(
        _narrow(statement, narrowed, now=now),
        sort=[(column, direction), (VoucherQuota.id, direction)],
        page=page,
    )
    return await fetch(session, statement)


def _shown(scope: Scope, columns: Sequence[str], *, now: datetime) -> Select[Any]:
    expressions = selected(
        VoucherQuota, columns, balance_units=_AVAILABLE, shown_state=VoucherQuota.state_at(now)
    )
    statement = select(*expressions).select_from(VoucherQuota).where(*scope.covers(VoucherQuota))
    if "balance_units" in columns:
        statement = statement.join(Account, _ITS_ACCOUNT)
    if scope.partner_id is not None:
        # What a distributor took back is out of its reseller's sight.
        statement = statement.where(VoucherQuota.state != VoucherQuotaState.RECLAIMED)
    return statement


def _narrow(statement: Select[Any], narrowed: VoucherQuotaFilter, *, now: datetime) -> Select[Any]:
    if narrowed.quota_ids:
        statement = statement.where(VoucherQuota.id.in_(narrowed.quota_ids))
    if narrowed.states:
        statement = statement.where(VoucherQuota.state_at(now).in_(narrowed.states))
    if narrowed.coupon_type is not None:
        statement = statement.where(VoucherQuota.coupon_type == narrowed.coupon_type)
    if narrowed.indirect_partner_id is not None:
        statement = statement.where(VoucherQuota.partner_id == narrowed.indirect_partner_id)
    for column, (begin, end) in (
        (VoucherQuota.create_time, narrowed.create_time),
        (VoucherQuota.effective_time, narrowed.effective_time),
        (VoucherQuota.expire_time, narrowed.expire_time),
    ):
        if begin is not None:
            statement = statement.where(column >= begin)
        if end is not None:
            statement = statement.where(column < end)
    return statement
