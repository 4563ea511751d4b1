"""Reads vouchers with their balances, inside the scope of who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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

from services.billing.ledger.model import Account
from services.billing.links.model import CustomerLink
from services.billing.vouchers.model import (
    MONTHS_LISTED,
    MONTHS_LISTED_FOR_CUSTOMERS,
    Voucher,
)
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, first_page, keyset
from services.kit.prepared import Prepared, named, values_of

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
    return await fetch(
        session,
        listed(scope, columns, narrowed, order_by=order_by, page=page, now=literal(now)),
    )


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
        listed(scope, columns, narrowed, order_by=order_by, page=page, now=now)
        .where(Voucher.customer_id == asked.c.customer_id)
        .correlate(asked)
        .lateral("firsts")
    )
    *chosen, sort_value, row_id = firsts.c
    _, direction = _SORT[order_by]
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
        statement = statement.join(
            Account, (Account.tenant_id == Voucher.tenant_id) & (Account.id == Voucher.account_id)
        )
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


def listed(
    scope: Scope,
    columns: Sequence[str],
    narrowed: VoucherFilter,
    *,
    order_by: str,
    page: Page,
    now: ColumnElement[datetime],
) -> Select[Any]:
    """Give the statement of a page of a list."""
    months = MONTHS_LISTED if scope.customer_id is None else MONTHS_LISTED_FOR_CUSTOMERS
    oldest = now - func.make_interval(0, months)
    column, direction = _SORT[order_by]
    statement = _shown(scope, columns, now=now, states=narrowed.states).add_columns(
        column.label("sort_value"), Voucher.id.label("row_id")
    )
    return keyset(
        _narrow(statement, narrowed).where(Voucher.expire_time >= oldest),
        sort=[(column, direction), (Voucher.id, direction)],
        page=page,
    )


def _narrow(statement: Select[Any], narrowed: VoucherFilter) -> Select[Any]:
    if narrowed.voucher_ids:
        statement = statement.where(Voucher.id.in_(narrowed.voucher_ids))
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
