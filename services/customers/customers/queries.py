"""Reads of customers, always inside a scope, which comes before any filter."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.account_managers.model import AccountManager
from services.customers.customers.model import Customer
from services.customers.partners import queries as partners
from services.kit.errors import InvalidArgument, NotFound
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.money import Money
from services.kit.paging import Direction, Page, first_page, keyset, search, search_exact_case
from services.kit.prepared import Prepared, named, values_of

# Sort key and direction by the word of CustomerOrder; the first is the default.
SORTS: Final[dict[str, tuple[str, Direction]]] = {
    "ASSOCIATE_TIME_DESC": ("associate_time", "desc"),
    "ASSOCIATE_TIME_ASC": ("associate_time", "asc"),
    "NAME_ASC": ("name", "asc"),
    "NAME_DESC": ("name", "desc"),
    "MONTH_TO_DATE_SPEND_DESC": ("month_to_date_spend", "desc"),
    "MONTH_TO_DATE_SPEND_ASC": ("month_to_date_spend", "asc"),
    "NEAREST_EXPIRE_TIME_ASC": ("nearest_expire_time", "asc"),
    "NEAREST_EXPIRE_TIME_DESC": ("nearest_expire_time", "desc"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    """What a list of customers is narrowed by; None narrows nothing."""

    account_name: str | None = None
    name: str | None = None
    customer_id: UUID | None = None
    mobile: str | None = None
    tag: str | None = None
    association_type: str | None = None
    associate_time_from: datetime | None = None
    associate_time_to: datetime | None = None
    account_manager_name: str | None = None
    month_to_date_spend_min: Money | None = None
    month_to_date_spend_max: Money | None = None
    nearest_expire_time_from: datetime | None = None
    nearest_expire_time_to: datetime | None = None
    freeze_state: str | None = None
    indirect_partner_id: UUID | None = None


async def get(
    session: AsyncSession, *, scope: Scope, id_: UUID, columns: Sequence[str]
) -> Sequence[Any]:
    """Get columns of one customer.

    :raises NotFound: where there is none in scope.
    """
    rows = await batch_get(session, scope=scope, ids=[id_], columns=columns)
    if not rows:
        raise NotFound("customer not found")
    row: Sequence[Any] = rows[0]
    return row


async def get_own_for_update(
    session: AsyncSession, *, scope: Scope, id_: UUID, field: str
) -> Customer:
    """Get one customer of the caller's own partner, and lock it.

    :raises NotFound: where there is none in scope, or it is a reseller's.
    """
    statement = select(Customer).where(
        *scope.covers(Customer), Customer.id == id_, Customer.partner_id == scope.own_partner_id
    )
    customer = await session.scalar(statement.with_for_update())
    if customer is None:
        raise NotFound("customer not found", field=field)
    return customer


async def batch_get(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], columns: Sequence[str]
) -> list[Any]:
    """Get columns of those in scope, in the order asked; a row ends with the id."""
    statement = select(*selected(Customer, columns), Customer.id.label("sort_id"))
    found = await fetch(session, statement.where(*scope.covers(Customer), Customer.id.in_(ids)))
    by_id = {row[-1]: row for row in found}
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def batch_get_own(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID]
) -> list[Customer]:
    """Get those in scope that the caller's own partner owns, in the order asked."""
    found = await session.scalars(
        select(Customer).where(
            *scope.covers(Customer),
            Customer.id.in_(ids),
            Customer.partner_id == scope.own_partner_id,
        )
    )
    by_id = {customer.id: customer for customer in found}
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def batch_get_for_update(
    session: AsyncSession, *, scope: Scope, ids: Collection[UUID]
) -> dict[UUID, Customer]:
    """Get customers in scope and lock them, always in the same order."""
    found = await session.scalars(
        select(Customer)
        .where(*scope.covers(Customer), Customer.id.in_(ids))
        .order_by(Customer.id)
        .with_for_update(key_share=True)
    )
    return {customer.id: customer for customer in found}


async def batch_get_by_external_id(
    session: AsyncSession, *, scope: Scope, pairs: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Customer]:
    """Get customers by (external platform, external id)."""
    asked = (
        func.unnest(
            literal([platform for platform, _ in pairs], ARRAY(Text())),
            literal([id_ for _, id_ in pairs], ARRAY(Text())),
        )
        .table_valued("platform", "external_id")
        .render_derived()
    )
    found = await session.scalars(
        select(Customer)
        .join(
            asked,
            (Customer.external_platform == asked.c.platform)
            & (Customer.external_id == asked.c.external_id),
        )
        .where(*scope.covers(Customer))
    )
    return {(str(row.external_platform), str(row.external_id)): row for row in found}


async def list_customers(
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: CustomerFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Sequence[Any]:
    """List columns of a page of the caller's own customers, or of the caller's reseller named.

    A row ends with the sort value and the id.

    :raises IndirectPartnerForbidden: where the reseller is not the caller's.
    """
    stand_in = named(scope)
    if stand_in is not None and narrowed == CustomerFilter() and page.after is None:
        return await _OWN.fetch(
            session, stand_in, order, page.size, tuple(columns), values=values_of(scope)
        )
    listed = await customers_page(
        session, scope=scope, narrowed=narrowed, order=order, page=page, columns=columns
    )
    return await fetch(session, listed)


async def customers_page(
    session: AsyncSession,
    *,
    scope: Scope,
    narrowed: CustomerFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Select[Any]:
    """Give the statement of a page of customers.

    :raises IndirectPartnerForbidden: where the reseller is not the caller's.
    """
    conditions = [*await _of_one_partner(session, scope, narrowed), *_conditions(scope, narrowed)]
    return _listed(conditions, order=order, page=page, columns=columns)


def _listed(
    conditions: Sequence[ColumnElement[bool]], *, order: str, page: Page, columns: Sequence[str]
) -> Select[Any]:
    attribute, direction = SORTS[order]
    column: Any = getattr(Customer, attribute)
    statement = select(
        *selected(Customer, columns), column.label("sort_value"), Customer.id.label("sort_id")
    )
    sort = [(column, direction), (Customer.id, direction)]
    return keyset(statement.where(*conditions), sort=sort, page=page)


def _own(scope: Scope, order: str, size: int, columns: Sequence[str]) -> Select[Any]:
    conditions = [*scope.covers(Customer), Customer.partner_id == _own_partner_id(scope)]
    return _listed(conditions, order=order, page=first_page(size), columns=columns)


_OWN: Final = Prepared(_own)


async def count_customers(session: AsyncSession, *, scope: Scope, narrowed: CustomerFilter) -> int:
    """Count what list_customers would list."""
    statement = (
        select(func.count())
        .select_from(Customer)
        .where(*await _of_one_partner(session, scope, narrowed), *_conditions(scope, narrowed))
    )
    return int(await session.scalar(statement) or 0)


async def _of_one_partner(
    session: AsyncSession, scope: Scope, narrowed: CustomerFilter
) -> list[ColumnElement[bool]]:
    await _check_currency(session, scope, narrowed)
    partner_id = _own_partner_id(scope)
    if narrowed.indirect_partner_id is not None:
        partner_id = narrowed.indirect_partner_id
        await partners.check_resellers(
            session, scope=scope, ids={partner_id}, field="filter.indirect_partner_id"
        )
    return [*scope.covers(Customer), Customer.partner_id == partner_id]


def _own_partner_id(scope: Scope) -> UUID:
    return scope.tenant_id if scope.own_partner_id is None else scope.own_partner_id


async def _check_currency(session: AsyncSession, scope: Scope, narrowed: CustomerFilter) -> None:
    bounds = ("month_to_date_spend_min", "month_to_date_spend_max")
    given = {name: money for name in bounds if (money := getattr(narrowed, name)) is not None}
    currency = await partners.get_currency_code(session, scope=scope) if given else None
    for name, money in given.items():
        if money.currency_code != currency:
            raise InvalidArgument(
                "must be in the currency of the partner", field=f"filter.{name}.currency_code"
            )


def _conditions(scope: Scope, narrowed: CustomerFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        getattr(Customer, attribute) == value
        for attribute in ("mobile", "association_type", "freeze_state")
        if (value := getattr(narrowed, attribute)) is not None
    ]
    if narrowed.customer_id is not None:
        conditions.append(Customer.id == narrowed.customer_id)
    for attribute in ("associate_time", "nearest_expire_time"):
        column = getattr(Customer, attribute)
        if (begin := getattr(narrowed, f"{attribute}_from")) is not None:
            conditions.append(column >= begin)
        if (end := getattr(narrowed, f"{attribute}_to")) is not None:
            conditions.append(column < end)
    if (least := narrowed.month_to_date_spend_min) is not None:
        conditions.append(Customer.month_to_date_spend >= least.amount)
    if (most := narrowed.month_to_date_spend_max) is not None:
        conditions.append(Customer.month_to_date_spend <= most.amount)
    return conditions + _searches(scope, narrowed)


def _searches(scope: Scope, narrowed: CustomerFilter) -> list[ColumnElement[bool]]:
    """Match parts of texts: names in upper or lower case, tags letter by letter."""
    conditions = []
    for attribute in ("account_name", "name"):
        if (text := getattr(narrowed, attribute)) is not None:
            column = getattr(Customer, attribute)
            conditions.append(search(column, text, field=f"filter.{attribute}"))
    if narrowed.tag is not None:
        tag: Any = func.unnest(Customer.tags).column_valued("tag")
        has_tag = search_exact_case(tag, narrowed.tag, field="filter.tag")
        conditions.append(select(tag).where(has_tag).exists())
    if narrowed.account_manager_name is not None:
        named = search(
            AccountManager.name,
            narrowed.account_manager_name,
            field="filter.account_manager_name",
        )
        managers = select(AccountManager.id).where(
            AccountManager.tenant_id == scope.tenant_id, named
        )
        conditions.append(Customer.account_manager_id.in_(managers))
    return conditions
