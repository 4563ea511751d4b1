"""Reads of incentive lines, always inside a scope, which comes before any filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, bindparam, column, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.incentives.incentives.model import Incentive
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.money import Money
from services.kit.paging import Direction, Page, keyset, search

# Sort key and direction by the word of IncentiveOrder; the first is the default.
SORTS: Final[dict[str, tuple[str, Direction]]] = {
    "CREATE_TIME_DESC": ("create_time", "desc"),
    "CREATE_TIME_ASC": ("create_time", "asc"),
    "AMOUNT_DESC": ("amount", "desc"),
    "AMOUNT_ASC": ("amount", "asc"),
}

_EXACT: Final = (
    "year",
    "period",
    "order_number",
    "service_type_code",
    "association_type",
    "charging_mode",
    "incentive_bill_id",
    "customer_id",
)
_SEARCHED: Final = (
    "plan_name",
    "customer_name",
    "customer_account_name",
    "account_manager_name",
    "indirect_partner_name",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncentiveFilter:
    """What a list of incentive lines is narrowed by; None and no states narrow nothing."""

    year: int | None = None
    period: str | None = None
    plan_name: str | None = None
    order_number: str | None = None
    customer_name: str | None = None
    customer_account_name: str | None = None
    account_manager_name: str | None = None
    service_type_code: str | None = None
    association_type: str | None = None
    charging_mode: str | None = None
    states: Sequence[str] = ()
    incentive_bill_id: UUID | None = None
    incentive_id: UUID | None = None
    indirect_partner_name: str | None = None
    customer_id: UUID | None = None


async def batch_get(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], columns: Sequence[str]
) -> list[Any]:
    """Get those in scope, in the order asked: each a row of the columns and the id."""
    statement = select(*selected(Incentive, columns), Incentive.id.label("sort_id")).where(
        *_in_scope(scope), Incentive.id.in_(ids)
    )
    by_id = {row[-1]: row for row in await fetch(session, statement)}
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def list_incentives(
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: IncentiveFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Sequence[Any]:
    """List a page by the given order: rows of the columns, the sort value and the id."""
    return await fetch(session, listed(scope, narrowed, order=order, page=page, columns=columns))


async def batch_list_by_customer(
    session: AsyncSession,
    *,
    scope: Scope,
    customer_ids: Sequence[UUID],
    narrowed: IncentiveFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> dict[UUID, list[Any]]:
    """List the first page of each customer; who has no lines in scope has an empty one.

    Rows hold the columns, the customer's id, the sort value and the id.
    """
    asked = (
        func.unnest(bindparam("customer_ids", list(customer_ids), type_=ARRAY(Uuid())))
        .table_valued(column("customer_id", Uuid()))
        .render_derived(name="asked")
    )
    customer = asked.c.customer_id
    first = (
        listed(scope, narrowed, order=order, page=page, columns=columns)
        .where(Incentive.customer_id == customer)
        .lateral("first")
    )
    *chosen, sort_value, sort_id = first.c
    _, direction = SORTS[order]
    found = await fetch(
        session,
        select(*chosen, customer, sort_value, sort_id)
        .select_from(asked)
        .join(first, true())
        .order_by(
            *(key.desc() if direction == "desc" else key.asc() for key in (sort_value, sort_id))
        ),
    )
    groups: dict[UUID, list[Any]] = {customer_id: [] for customer_id in customer_ids}
    for row in found:
        groups[row[-3]].append(row)
    return groups


async def sum_incentives(
    session: AsyncSession, *, scope: Scope, narrowed: IncentiveFilter
) -> tuple[int, list[Money]]:
    """Count what list_incentives would list, and sum it up by currency."""
    statement = (
        select(Incentive.currency_code, func.count(), func.sum(Incentive.amount))
        .where(*_in_scope(scope), *_conditions(narrowed))
        .group_by(Incentive.currency_code)
        .order_by(Incentive.currency_code)
    )
    rows = (await session.execute(statement)).all()
    return sum(count for _, count, _ in rows), [Money(amount, code) for code, _, amount in rows]


def listed(
    scope: Scope, narrowed: IncentiveFilter, *, order: str, page: Page, columns: Sequence[str]
) -> Select[Any]:
    """Give the statement of a page of a list."""
    attribute, direction = SORTS[order]
    key = getattr(Incentive, attribute)
    statement = select(
        *selected(Incentive, columns), key.label("sort_value"), Incentive.id.label("sort_id")
    ).where(*_in_scope(scope), *_conditions(narrowed))
    return keyset(statement, sort=[(key, direction), (Incentive.id, direction)], page=page)


def _conditions(narrowed: IncentiveFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        getattr(Incentive, name) == value
        for name in _EXACT
        if (value := getattr(narrowed, name)) is not None
    ]
    conditions += [
        search(getattr(Incentive, name), text, field=f"filter.{name}")
        for name in _SEARCHED
        if (text := getattr(narrowed, name)) is not None
    ]
    if narrowed.states:
        conditions.append(Incentive.state.in_(narrowed.states))
    if narrowed.incentive_id is not None:
        conditions.append(Incentive.id == narrowed.incentive_id)
    return conditions


def _in_scope(scope: Scope) -> list[ColumnElement[bool]]:
    conditions = scope.covers(Incentive)
    if scope.partner_id is not None:
        # A reseller earns none: its distributor's lines are all of the root partner. Said like
        # this, PostgreSQL sees the contradiction and reads nothing.
        conditions.append(Incentive.tenant_id == scope.partner_id)
    return conditions
