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
class ShownQuota:
    """A quota with what is left of it and where it stands."""

    quota: VoucherQuota
    balance: Money
    state: str

    def sort_values(self, order_by: str) -> tuple[Sequence[Any], UUID]:
        return (getattr(self.quota, _SORT[order_by][0].key),), self.quota.id


async def get_for_update(
    session: AsyncSession, *, scope: Scope, quota_id: UUID, now: datetime
) -> ShownQuota | None:
    """Give a quota of the caller's own; others who change it or issue from it wait.

    Everything that moves the quota's account takes this lock first.
    """
    mine = select(VoucherQuota.id).where(
        *scope.covers(VoucherQuota),
        VoucherQuota.id == quota_id,
        VoucherQuota.partner_id == scope.own_partner_id,
    )
    if await session.scalar(mine.with_for_update(key_share=True)) is None:
        return None
    # A statement of its own: behind a lock that was waited for, it sees what the other did.
    found = await batch_get(session, scope=scope, ids=[quota_id], now=now)
    return found[0] if found else None


async def batch_get(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], now: datetime
) -> list[ShownQuota]:
    rows = await session.execute(_shown(scope, now=now).where(VoucherQuota.id.in_(ids)))
    found = {shown.quota.id: shown for shown in map(_row, rows)}
    return [found[one] for one in ids if one in found]


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: VoucherQuotaFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> list[ShownQuota]:
    """Give one row more than the page has, if there are any."""
    statement = _narrow(_shown(scope, now=now), narrowed, now=now)
    column, direction = _SORT[order_by]
    statement = keyset(
        statement, sort=[(column, direction), (VoucherQuota.id, direction)], page=page
    )
    return list(map(_row, await session.execute(statement)))


def _shown(scope: Scope, *, now: datetime) -> Select[Any]:
    available = Account.credits_posted - Account.debits_posted - Account.debits_pending
    columns: list[Any] = [available.label("available"), VoucherQuota.state_at(now).label("state")]
    statement = (
        select(VoucherQuota, *columns)
        .join(
            Account,
            (Account.tenant_id == VoucherQuota.tenant_id) & (Account.id == VoucherQuota.account_id),
        )
        .where(*scope.covers(VoucherQuota))
    )
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


def _row(row: Any) -> ShownQuota:
    return ShownQuota(row.VoucherQuota, row.VoucherQuota.unit.money(row.available), row.state)
