"""Reads adjustments, and the accounts that they are made between, inside the scope of who asks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    SmallInteger,
    Uuid,
    bindparam,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.adjustments.lots import Lot
from services.billing.adjustments.model import Adjustment
from services.billing.ledger.chart import AccountKind, Unit
from services.billing.ledger.model import Account
from services.billing.links.model import CustomerLink
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset, search
from services.kit.prepared import Prepared

TimeRange = tuple[datetime | None, datetime | None]

# An account: which, whose, of what kind and unit, how much can be taken, whether more is set aside.
_Held = tuple[UUID, UUID, int, str, int, bool]


class AdjustmentOrder(StrEnum):
    OPERATE_TIME_DESC = "OPERATE_TIME_DESC"
    OPERATE_TIME_ASC = "OPERATE_TIME_ASC"


_DIRECTIONS: Final[Mapping[str, Direction]] = {
    AdjustmentOrder.OPERATE_TIME_DESC: "desc",
    AdjustmentOrder.OPERATE_TIME_ASC: "asc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentFilter:
    """What a list is narrowed by; None and empty narrow nothing."""

    customer_id: UUID | None = None
    target_partner_id: UUID | None = None
    target_name: str | None = None
    operation_types: Sequence[str] = ()
    kind: str | None = None
    operate_time: TimeRange = (None, None)
    transaction_id: UUID | None = None
    indirect_partner_id: UUID | None = None


async def batch_get(
    session: AsyncSession, *, scope: Scope, columns: Sequence[str], ids: Sequence[UUID]
) -> list[Sequence[Any]]:
    """Give those in scope in the order of the ids; behind its columns, a row has its id."""
    statement = _shown(scope, columns).add_columns(Adjustment.id.label("row_id"))
    rows = await fetch(session, statement.where(Adjustment.id.in_(ids)))
    found = {row[-1]: row for row in rows}
    return [found[one] for one in ids if one in found]


async def list_page(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: AdjustmentFilter,
    order_by: str,
    page: Page,
) -> Sequence[Sequence[Any]]:
    """Give one row more than the page has, if there are any; rows end with their place."""
    statement = listed(scope, columns, narrowed, order_by=order_by, page=page)
    return await fetch(session, statement)


async def batch_list_by_customer(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    customer_ids: Sequence[UUID],
    narrowed: AdjustmentFilter,
    order_by: str,
    page: Page,
) -> dict[UUID, list[Sequence[Any]]]:
    """Give each customer's first adjustments, one row more than the page has, by one statement.

    Rows end with their place; before that stands whose they are.
    """
    asked = (
        func.unnest(literal(list(customer_ids), ARRAY(Uuid())))
        .table_valued("customer_id", with_ordinality="n", name="asked")
        .render_derived()
    )
    firsts = (
        _ordered(scope, columns, narrowed, order_by=order_by, page=page)
        .where(Adjustment.customer_id == asked.c.customer_id)
        .correlate(asked)
        .lateral("firsts")
    )
    *chosen, sort_value, row_id = firsts.c
    ascends = _DIRECTIONS[order_by] == "asc"
    order = [key.asc() if ascends else key.desc() for key in (sort_value, row_id)]
    statement = (
        select(*chosen, asked.c.customer_id.label("parent_id"), sort_value, row_id)
        .select_from(asked.join(firsts, true()))
        .order_by(asked.c.n, *order)
    )
    groups: dict[UUID, list[Sequence[Any]]] = {one: [] for one in customer_ids}
    for row in await fetch(session, statement):
        groups[row[-3]].append(row)
    return groups


def listed(
    scope: Scope, columns: Sequence[str], narrowed: AdjustmentFilter, *, order_by: str, page: Page
) -> Select[Any]:
    """Give the statement of a page of a list.

    Whoever names neither a customer nor a reseller gets the partner's own.
    """
    statement = _ordered(scope, columns, narrowed, order_by=order_by, page=page)
    if scope.customer_id is None and narrowed.customer_id is None:
        own = scope.own_partner_id or scope.tenant_id
        statement = statement.where(Adjustment.partner_id == (narrowed.indirect_partner_id or own))
    return statement


async def list_lots(
    session: AsyncSession,
    *,
    scope: Scope,
    holder_ids: Collection[UUID],
    kinds: Collection[AccountKind],
) -> list[Lot]:
    """Give the accounts that holders have, with what can be taken out of them now."""
    values = {"holder_ids": holder_ids, "kinds": kinds}
    return _lots(await _HELD.fetch_within(session, scope, values=values))


async def list_lots_for_update(
    session: AsyncSession,
    *,
    scope: Scope,
    holder_ids: Collection[UUID],
    kinds: Collection[AccountKind],
) -> list[Lot]:
    """Give accounts whose balances hold until the transaction ends."""
    values = {"holder_ids": holder_ids, "kinds": kinds}
    return _lots(await _HELD_FOR_UPDATE.fetch_within(session, scope, values=values))


def _held(scope: Scope) -> Select[*_Held]:
    return select(
        Account.id,
        Account.holder_id,
        Account.kind,
        Account.unit,
        (Account.credits_posted - Account.debits_posted - Account.debits_pending).label("units"),
        (Account.debits_pending > 0).label("is_held"),
    ).where(
        *scope.covers(Account),
        Account.holder_id == func.any(bindparam("holder_ids", type_=ARRAY(Uuid()))),
        Account.kind == func.any(bindparam("kinds", type_=ARRAY(SmallInteger()))),
    )


def _held_for_update(scope: Scope) -> Select[*_Held]:
    # In the order in which the ledger locks them.
    return _held(scope).order_by(Account.tenant_id, Account.id).with_for_update(key_share=True)


_HELD: Final = Prepared(_held)
_HELD_FOR_UPDATE: Final = Prepared(_held_for_update)


def _lots(rows: Iterable[Sequence[Any]]) -> list[Lot]:
    return [
        Lot(
            account_id=account_id,
            holder_id=holder_id,
            kind=kind,
            unit=(unit := Unit.parse(text)),
            amount=unit.money(units),
            is_held=is_held,
        )
        for account_id, holder_id, kind, text, units, is_held in rows
    ]


def _shown(scope: Scope, columns: Sequence[str]) -> Select[Any]:
    # What the partner notes for itself, and who of its people did it, is not the customer's.
    hidden = {} if scope.customer_id is None else {"operator": null(), "memo": null()}
    return select(*selected(Adjustment, columns, **hidden)).where(*scope.covers(Adjustment))


def _ordered(
    scope: Scope, columns: Sequence[str], narrowed: AdjustmentFilter, *, order_by: str, page: Page
) -> Select[Any]:
    time, direction = Adjustment.operate_time, _DIRECTIONS[order_by]
    statement = _shown(scope, columns).add_columns(
        time.label("sort_value"), Adjustment.id.label("row_id")
    )
    return keyset(
        _narrow(statement, narrowed),
        sort=[(time, direction), (Adjustment.id, direction)],
        page=page,
    )


def _narrow(statement: Select[Any], narrowed: AdjustmentFilter) -> Select[Any]:
    for column, value in (
        (Adjustment.customer_id, narrowed.customer_id),
        (Adjustment.target_partner_id, narrowed.target_partner_id),
        (Adjustment.kind, narrowed.kind),
        (Adjustment.transaction_id, narrowed.transaction_id),
        (Adjustment.partner_id, narrowed.indirect_partner_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if narrowed.operation_types:
        statement = statement.where(Adjustment.operation_type.in_(narrowed.operation_types))
    begin, end = narrowed.operate_time
    if begin is not None:
        statement = statement.where(Adjustment.operate_time >= begin)
    if end is not None:
        statement = statement.where(Adjustment.operate_time < end)
    if narrowed.target_name is not None:
        statement = statement.where(_is_made_to(narrowed.target_name))
    return statement


def _is_made_to(name: str) -> ColumnElement[bool]:
    """Match what was made to customers called so, or to resellers, known by their customers."""

    def called(column: Any) -> ColumnElement[bool]:
        return search(column, name, field="filter.target_name")

    return (
        select(CustomerLink.customer_id)
        .where(
            CustomerLink.tenant_id == Adjustment.tenant_id,
            or_(
                (CustomerLink.customer_id == Adjustment.customer_id)
                & or_(called(CustomerLink.customer_name), called(CustomerLink.account_name)),
                (CustomerLink.partner_id == Adjustment.target_partner_id)
                & called(CustomerLink.partner_name),
            ),
        )
        .exists()
    )
