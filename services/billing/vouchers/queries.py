"""Reads vouchers with their balances, inside the scope of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Select,
    Uuid,
    bindparam,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger.chart import Unit
from services.billing.ledger.model import Account
from services.billing.links.model import named_reseller
from services.billing.voucher_quotas.limits import UseLimit
from services.billing.vouchers.filters import SORT, VoucherFilter, narrow, whose
from services.billing.vouchers.model import MONTHS_LISTED, Voucher
from services.billing.vouchers.shown import AVAILABLE_UNITS, ITS_ACCOUNT, shown
from services.kit.fields import fetch
from services.kit.groups import by_parent, first_of_each, parents
from services.kit.identity import Scope
from services.kit.money import Money
from services.kit.paging import Page, first_page, keyset
from services.kit.prepared import Prepared, named, values_of


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableVoucher:
    """What is left of a voucher for an order or a charge, and what it may be used for."""

    id: UUID
    customer_id: UUID
    partner_id: UUID
    quota_id: UUID
    # Of the ledger, and what that counts.
    account_id: UUID
    unit: Unit
    coupon_type: str
    # Without what unpaid orders hold.
    available: Money
    effective_time: datetime
    expire_time: datetime
    use_limits: list[UseLimit]


async def batch_get(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    ids: Sequence[UUID],
    now: datetime,
) -> list[Sequence[Any]]:
    """Give those in scope in the order of the ids; behind its columns, a row has its id."""
    statement = shown(scope, columns, now=literal(now)).add_columns(Voucher.id.label("row_id"))
    rows = await fetch(session, statement.where(Voucher.id.in_(ids)))
    found = {row[-1]: row for row in rows}
    return [found[one] for one in ids if one in found]


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: VoucherFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> Sequence[Sequence[Any]]:
    """Give one row more than the page has, if there are any; rows end with their place."""
    statement = listed(
        scope,
        columns,
        narrowed,
        partner_id=whose(scope, narrowed),
        order_by=order_by,
        page=page,
        now=literal(now),
    )
    return await fetch(session, statement)


async def batch_list_by_customer(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    customer_ids: Sequence[UUID],
    narrowed: VoucherFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> dict[UUID, list[Sequence[Any]]]:
    """Give each customer's first vouchers, one row more than the page has, by one statement.

    Rows end with their place; before that stands whose they are.
    """
    stand_in = named(scope)
    if stand_in is not None and narrowed == VoucherFilter() and page.after is None:
        values = {**values_of(scope), "customer_ids": customer_ids, "now": now}
        rows = await _ANY.fetch(
            session, stand_in, order_by, page.size, tuple(columns), values=values
        )
    else:
        statement = _by_customer(
            parents(customer_ids),
            scope=scope,
            columns=columns,
            narrowed=narrowed,
            order_by=order_by,
            page=page,
            now=literal(now),
        )
        rows = await fetch(session, statement)
    return by_parent(rows, customer_ids)


async def batch_list_by_quota(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    quota_ids: Sequence[UUID],
    narrowed: VoucherFilter,
    order_by: str,
    page: Page,
    now: datetime,
) -> dict[UUID, list[Sequence[Any]]]:
    """Give the first vouchers out of each quota, as batch_list_by_customer gives a customer's."""
    statement = listed(
        scope,
        columns,
        narrowed,
        partner_id=named_reseller(scope, indirect_partner_id=narrowed.indirect_partner_id),
        order_by=order_by,
        page=page,
        now=literal(now),
    )
    statement = first_of_each(
        statement,
        parent=Voucher.quota_id,
        parent_ids=parents(quota_ids),
        direction=SORT[order_by][1],
    )
    return by_parent(await fetch(session, statement), quota_ids)


async def list_usable(
    session: AsyncSession, *, scope: Scope, customer_ids: Sequence[UUID], at: datetime
) -> list[UsableVoucher]:
    """Give what customers can pay with at a time, the next to expire first."""
    statement = (
        select(Voucher, Account.unit, AVAILABLE_UNITS)
        .join(Account, ITS_ACCOUNT)
        .where(
            *scope.covers(Voucher, account_manager=null()),
            Voucher.customer_id.in_(customer_ids),
            Voucher.reclaim_time.is_(None),
            Voucher.is_frozen.is_(False),
            Voucher.effective_time <= at,
            Voucher.expire_time > at,
            AVAILABLE_UNITS > 0,
        )
        .order_by(Voucher.customer_id, Voucher.expire_time, Voucher.id)
    )
    return [
        _usable(voucher, Unit.parse(unit), units)
        for voucher, unit, units in await session.execute(statement)
    ]


def _usable(voucher: Voucher, unit: Unit, units: int) -> UsableVoucher:
    return UsableVoucher(
        id=voucher.id,
        customer_id=voucher.customer_id,
        partner_id=voucher.partner_id,
        quota_id=voucher.quota_id,
        account_id=voucher.account_id,
        unit=unit,
        coupon_type=voucher.coupon_type,
        available=unit.money(units),
        effective_time=voucher.effective_time,
        expire_time=voucher.expire_time,
        use_limits=[UseLimit.from_json(values) for values in voucher.use_limits],
    )


def _by_customer(
    customer_ids: ColumnElement[Any],
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: VoucherFilter,
    order_by: str,
    page: Page,
    now: ColumnElement[datetime],
) -> Select[Any]:
    statement = listed(
        scope,
        columns,
        narrowed,
        partner_id=whose(scope, narrowed),
        order_by=order_by,
        page=page,
        now=now,
    )
    return first_of_each(
        statement,
        parent=Voucher.customer_id,
        parent_ids=customer_ids,
        direction=SORT[order_by][1],
    )


def _any(scope: Scope, order_by: str, size: int, columns: Sequence[str]) -> Select[Any]:
    return _by_customer(
        bindparam("customer_ids", type_=ARRAY(Uuid())),
        scope=scope,
        columns=columns,
        narrowed=VoucherFilter(),
        order_by=order_by,
        page=first_page(size),
        now=bindparam("now", type_=DateTime(timezone=True)),
    )


_ANY: Final = Prepared(_any)


def listed(
    scope: Scope,
    columns: Sequence[str],
    narrowed: VoucherFilter,
    *,
    partner_id: UUID | None,
    order_by: str,
    page: Page,
    now: ColumnElement[datetime],
) -> Select[Any]:
    """Give the statement of a page of a list."""
    oldest = now - func.make_interval(0, MONTHS_LISTED)
    column, direction = SORT[order_by]
    statement = shown(scope, columns, now=now, states=narrowed.states).add_columns(
        column.label("sort_value"), Voucher.id.label("row_id")
    )
    return keyset(
        narrow(statement, narrowed, partner_id=partner_id).where(Voucher.expire_time >= oldest),
        sort=[(column, direction), (Voucher.id, direction)],
        page=page,
    )
