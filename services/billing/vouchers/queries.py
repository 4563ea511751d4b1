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
    case,
    func,
    literal,
    null,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.ledger.chart import Unit
from services.billing.ledger.model import Account
from services.billing.links.model import CustomerLink
from services.billing.voucher_quotas.limits import UseLimit
from services.billing.vouchers.filters import SORT, VoucherFilter, narrow
from services.billing.vouchers.model import (
    MONTHS_LISTED,
    MONTHS_LISTED_FOR_CUSTOMERS,
    Voucher,
)
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.money import Money
from services.kit.paging import Page, first_page, keyset
from services.kit.prepared import Prepared, named, values_of

ITS_ACCOUNT: Final = (Account.tenant_id == Voucher.tenant_id) & (Account.id == Voucher.account_id)


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
    statement = _shown(scope, columns, now=literal(now)).add_columns(Voucher.id.label("row_id"))
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
    listed = _listed(scope, columns, narrowed, order_by=order_by, page=page, now=literal(now))
    return await fetch(session, listed)


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
            literal(list(customer_ids), ARRAY(Uuid())),
            scope=scope,
            columns=columns,
            narrowed=narrowed,
            order_by=order_by,
            page=page,
            now=literal(now),
        )
        rows = await fetch(session, statement)
    groups: dict[UUID, list[Sequence[Any]]] = {one: [] for one in customer_ids}
    for row in rows:
        groups[row[-3]].append(row)
    return groups


async def list_usable(
    session: AsyncSession, *, scope: Scope, customer_ids: Sequence[UUID], at: datetime
) -> list[UsableVoucher]:
    """Give what customers can pay with at a time, the next to expire first."""
    available = Account.credits_posted - Account.debits_posted - Account.debits_pending
    statement = (
        select(Voucher, Account.unit, available)
        .join(Account, ITS_ACCOUNT)
        .where(
            *scope.covers(Voucher, account_manager=null()),
            Voucher.customer_id.in_(customer_ids),
            Voucher.reclaim_time.is_(None),
            Voucher.is_frozen.is_(False),
            Voucher.effective_time <= at,
            Voucher.expire_time > at,
            available > 0,
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
    asked = (
        func.unnest(customer_ids)
        .table_valued("customer_id", with_ordinality="n", name="asked")
        .render_derived()
    )
    firsts = (
        _listed(scope, columns, narrowed, order_by=order_by, page=page, now=now)
        .where(Voucher.customer_id == asked.c.customer_id)
        .correlate(asked)
        .lateral("firsts")
    )
    *chosen, sort_value, row_id = firsts.c
    _, direction = SORT[order_by]
    order = [key.asc() if direction == "asc" else key.desc() for key in (sort_value, row_id)]
    return (
        select(*chosen, asked.c.customer_id.label("parent_id"), sort_value, row_id)
        .select_from(asked.join(firsts, true()))
        .order_by(asked.c.n, *order)
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


def _shown(
    scope: Scope,
    columns: Sequence[str],
    *,
    now: ColumnElement[datetime],
    states: Sequence[str] = (),
) -> Select[Any]:
    computed = {
        "balance_units": Account.credits_posted - Account.debits_posted,
        "state": Voucher.state_at(now),
        "memo_for_reader": _memo_for(scope),
    }
    statement = select(*selected(Voucher, columns, **computed)).select_from(Voucher)
    if states or not {"balance_units", "state"}.isdisjoint(columns):
        statement = statement.join(Account, ITS_ACCOUNT)
    if states:
        statement = statement.where(Voucher.state_at(now).in_(states))
    statement = statement.where(
        *scope.covers(Voucher, account_manager=CustomerLink.account_manager_id)
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


def _memo_for(scope: Scope) -> ColumnElement[Any]:
    """Say in SQL what the issuer noted, where it is the issuer who asks."""
    if scope.customer_id is not None or scope.own_partner_id is None:
        return null()
    return case((Voucher.partner_id == scope.own_partner_id, Voucher.memo))


def _listed(
    scope: Scope,
    columns: Sequence[str],
    narrowed: VoucherFilter,
    *,
    order_by: str,
    page: Page,
    now: ColumnElement[datetime],
) -> Select[Any]:
    months = MONTHS_LISTED if scope.customer_id is None else MONTHS_LISTED_FOR_CUSTOMERS
    oldest = now - func.make_interval(0, months)
    column, direction = SORT[order_by]
    statement = _shown(scope, columns, now=now, states=narrowed.states).add_columns(
        column.label("sort_value"), Voucher.id.label("row_id")
    )
    return keyset(
        narrow(statement, narrowed).where(Voucher.expire_time >= oldest),
        sort=[(column, direction), (Voucher.id, direction)],
        page=page,
    )
