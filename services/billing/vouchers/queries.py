"""Reads vouchers with their balances, inside the scope of who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, bindparam, func, literal, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.billing.ledger.model import Account
from services.billing.links.model import CustomerLink
from services.billing.vouchers.model import (
    MONTHS_LISTED,
    MONTHS_LISTED_FOR_CUSTOMERS,
    Voucher,
)
from services.kit.identity import Scope
from services.kit.money import Money
from services.kit.paging import Direction, Page, keyset

TimeRange = tuple[datetime | None, datetime | None]


class VoucherOrder(StrEnum):
    CREATE_TIME_DESC = "CREATE_TIME_DESC"
    CREATE_TIME_ASC = "CREATE_TIME_ASC"
    EXPIRE_TIME_ASC = "EXPIRE_TIME_ASC"
    EXPIRE_TIME_DESC = "EXPIRE_TIME_DESC"


_SORT: Final[Mapping[str, tuple[Any, Direction]]] = {
    VoucherOrder.CREATE_TIME_DESC: (Voucher.create_time, "desc"),
    VoucherOrder.CREATE_TIME_ASC: (Voucher.create_time, "asc"),
    VoucherOrder.EXPIRE_TIME_ASC: (Voucher.expire_time, "asc"),
    VoucherOrder.EXPIRE_TIME_DESC: (Voucher.expire_time, "desc"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherFilter:
    """What a list is narrowed by; None and empty narrow nothing."""

    voucher_ids: Sequence[UUID] = ()
    customer_id: UUID | None = None
    order_number: str | None = None
    coupon_type: str | None = None
    states: Sequence[str] = ()
    create_time: TimeRange = (None, None)
    effective_time: TimeRange = (None, None)
    expire_time: TimeRange = (None, None)
    indirect_partner_id: UUID | None = None
    quota_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ShownVoucher:
    """A voucher with what is left of it, where it stands, and the memo if the caller may see it."""

    voucher: Voucher
    balance: Money
    state: str
    memo: str | None

    def sort_values(self, order_by: str) -> tuple[Sequence[Any], UUID]:
        return (getattr(self.voucher, _SORT[order_by][0].key),), self.voucher.id


async def batch_get(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], now: datetime
) -> list[ShownVoucher]:
    rows = await session.execute(_shown(scope, now=now).where(Voucher.id.in_(ids)))
    found = {row.Voucher.id: _row(row.Voucher, row, scope=scope) for row in rows}
    return [found[one] for one in ids if one in found]


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: VoucherFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> list[ShownVoucher]:
    """Give one row more than the page has, if there are any."""
    statement = _listed(scope, narrowed, order_by=order_by, page=page, now=now)
    return [_row(row.Voucher, row, scope=scope) for row in await session.execute(statement)]


async def batch_list_by_customer(
    session: AsyncSession,
    *,
    scope: Scope,
    customer_ids: Sequence[UUID],
    narrowed: VoucherFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> dict[UUID, list[ShownVoucher]]:
    """Give each customer's first vouchers, one row more than the page has, by one statement."""
    asked = (
        func.unnest(bindparam("customer_ids", list(customer_ids), ARRAY(Uuid)))
        .table_valued("customer_id", with_ordinality="n", name="asked")
        .render_derived()
    )
    firsts = (
        _listed(scope, narrowed, order_by=order_by, page=page, now=now)
        .where(Voucher.customer_id == asked.c.customer_id)
        .correlate(asked)
        .lateral("firsts")
    )
    voucher = aliased(Voucher, firsts)
    column, direction = _SORT[order_by]
    sort = [getattr(firsts.c, column.key), firsts.c.id]
    statement = (
        select(voucher, firsts.c.units, firsts.c.shown_state)
        .select_from(asked.join(firsts, true()))
        .order_by(asked.c.n, *(key.asc() if direction == "asc" else key.desc() for key in sort))
    )
    groups: dict[UUID, list[ShownVoucher]] = {one: [] for one in customer_ids}
    for row in await session.execute(statement):
        shown = _row(row[0], row, scope=scope)
        groups[shown.voucher.customer_id].append(shown)
    return groups


def _shown(scope: Scope, *, now: datetime) -> Select[Any]:
    columns: list[Any] = [
        (Account.credits_posted - Account.debits_posted).label("units"),
        Voucher.state_at(now).label("shown_state"),
    ]
    statement = (
        select(Voucher, *columns)
        .join(
            Account,
            (Account.tenant_id == Voucher.tenant_id) & (Account.id == Voucher.account_id),
        )
        .where(*scope.covers(Voucher, account_manager=CustomerLink.account_manager_id))
    )
    if scope.account_manager_ids is not None:
        statement = statement.join(
            CustomerLink,
            (CustomerLink.tenant_id == Voucher.tenant_id)
            & (CustomerLink.customer_id == Voucher.customer_id),
        )
    if scope.customer_id is not None:
        # What was taken back from a customer is out of its sight.
        statement = statement.where(Voucher.reclaim_time.is_(None))
    return statement


def _listed(
    scope: Scope, narrowed: VoucherFilter, *, order_by: str, page: Page, now: datetime
) -> Select[Any]:
    months = MONTHS_LISTED if scope.customer_id is None else MONTHS_LISTED_FOR_CUSTOMERS
    oldest = literal(now) - func.make_interval(0, months)
    statement = _narrow(_shown(scope, now=now), narrowed, now=now)
    column, direction = _SORT[order_by]
    return keyset(
        statement.where(Voucher.expire_time >= oldest),
        sort=[(column, direction), (Voucher.id, direction)],
        page=page,
    )


def _narrow(statement: Select[Any], narrowed: VoucherFilter, *, now: datetime) -> Select[Any]:
    if narrowed.voucher_ids:
        statement = statement.where(Voucher.id.in_(narrowed.voucher_ids))
    if narrowed.states:
        statement = statement.where(Voucher.state_at(now).in_(narrowed.states))
    for column, value in (
        (Voucher.customer_id, narrowed.customer_id),
        (Voucher.order_number, narrowed.order_number),
        (Voucher.coupon_type, narrowed.coupon_type),
        (Voucher.partner_id, narrowed.indirect_partner_id),
        (Voucher.quota_id, narrowed.quota_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    for time, (begin, end) in (
        (Voucher.create_time, narrowed.create_time),
        (Voucher.effective_time, narrowed.effective_time),
        (Voucher.expire_time, narrowed.expire_time),
    ):
        if begin is not None:
            statement = statement.where(time >= begin)
        if end is not None:
            statement = statement.where(time < end)
    return statement


def _row(voucher: Voucher, row: Any, *, scope: Scope) -> ShownVoucher:
    is_issuer = scope.customer_id is None and scope.own_partner_id == voucher.partner_id
    balance = Money.from_minor_units(row.units, voucher.currency_code, exponent=2)
    return ShownVoucher(voucher, balance, row.shown_state, voucher.memo if is_issuer else None)
