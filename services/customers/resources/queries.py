"""Reads of resources, always inside the scope of their customers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ColumnExpressionArgument,
    FromClause,
    Select,
    Text,
    Uuid,
    and_,
    asc,
    bindparam,
    desc,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.customers.model import Customer
from services.customers.resources.model import STATES_IN_USE, Resource, ResourceState
from services.kit.errors import NotFound
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, first_page, keyset
from services.kit.prepared import Prepared, named, values_of

# Sort key and direction by the word of ResourceOrder; the first is the default.
SORTS: Final[dict[str, tuple[str, Direction]]] = {
    "EXPIRE_TIME_ASC": ("expire_time", "asc"),
    "EXPIRE_TIME_DESC": ("expire_time", "desc"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFilter:
    """What a list of resources is narrowed by; None and empty narrow nothing, but for states."""

    charging_mode: str | None = None
    cloud_resource_ids: Sequence[str] = ()
    order_number: str | None = None
    only_primary: bool = False
    # All but CLOSED where empty.
    states: Collection[str] = ()
    expire_time_from: datetime | None = None
    expire_time_to: datetime | None = None
    effective_time_from: datetime | None = None
    effective_time_to: datetime | None = None
    service_type_code: str | None = None
    region_code: str | None = None


async def batch_get(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], columns: Sequence[str]
) -> list[Any]:
    """Get columns of those whose customers are in scope, in the order asked.

    A row ends with the id.
    """
    statement = (
        select(*selected(Resource, columns), Resource.id.label("sort_id"))
        .join(
            Customer,
            and_(Customer.tenant_id == Resource.tenant_id, Customer.id == Resource.customer_id),
        )
        .where(*scope.covers(Customer), Resource.tenant_id == scope.tenant_id)
        .where(Resource.id.in_(ids))
    )
    by_id = {row[-1]: row for row in await fetch(session, statement)}
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def list_resources(
    session: AsyncSession,
    *,
    scope: Scope,
    customer_id: UUID,
    narrowed: ResourceFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Sequence[Any]:
    """List columns of a page of one customer's resources, as batch_list_resources does.

    :raises NotFound: where the customer is not in scope.
    """
    groups = await batch_list_resources(
        session,
        scope=scope,
        customer_ids=[customer_id],
        narrowed=narrowed,
        order=order,
        page=page,
        columns=columns,
    )
    if customer_id not in groups:
        raise NotFound("customer not found")
    return groups[customer_id]


async def batch_list_resources(
    session: AsyncSession,
    *,
    scope: Scope,
    customer_ids: Sequence[UUID],
    narrowed: ResourceFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> dict[UUID, list[Any]]:
    """List columns of the first resources of each customer in scope, and of one too many.

    A row ends with the customer's id, the sort value and the id.
    """
    stand_in = named(scope)
    if stand_in is not None and narrowed == ResourceFilter() and page.after is None:
        values = {**values_of(scope), "customer_ids": customer_ids}
        rows = await _OPEN.fetch(session, stand_in, order, page.size, tuple(columns), values=values)
    else:
        statement = _by_customer(
            literal(customer_ids, ARRAY(Uuid())),
            scope=scope,
            narrowed=narrowed,
            order=order,
            page=page,
            columns=columns,
        )
        rows = await fetch(session, statement)
    groups: dict[UUID, list[Any]] = {}
    for row in rows:
        group = groups.setdefault(row[-3], [])
        if row[-1] is not None:
            group.append(row)
    return groups


def resources_page(
    *, scope: Scope, narrowed: ResourceFilter, page: Page, columns: Sequence[str]
) -> Select[Any]:
    """Give the statement of a page of the resources of all of the caller's own customers."""
    owner = and_(Customer.tenant_id == Resource.tenant_id, Customer.id == Resource.customer_id)
    own = Customer.partner_id == (scope.own_partner_id or scope.tenant_id)
    statement = (
        select(*selected(Resource, columns), Resource.id.label("sort_id"))
        .join(Customer, owner)
        .where(*scope.covers(Customer), own, Resource.tenant_id == scope.tenant_id)
        .where(*_conditions(narrowed))
    )
    return keyset(statement, sort=[(Resource.id, "asc")], page=page)


def _by_customer(
    customer_ids: ColumnElement[Any],
    *,
    scope: Scope,
    narrowed: ResourceFilter,
    order: str,
    page: Page,
    columns: Sequence[str],
) -> Select[Any]:
    asked = func.unnest(customer_ids).table_valued("id").render_derived("asked")
    first = _first_of_customer(scope, narrowed, order=order, page=page, columns=columns)
    attribute, direction = SORTS[order]
    sort_value, sort_id = _first("sort_value", attribute), _first("sort_id", "id")
    ordered = asc if direction == "asc" else desc
    return (
        select(
            *[_first(name, name) for name in columns],
            Customer.id.label("owner_id"),
            sort_value,
            sort_id,
        )
        .select_from(asked)
        .join(Customer, and_(Customer.id == asked.c.id, *scope.covers(Customer)))
        # A customer without resources has a row without one, and so is known to be in scope.
        .outerjoin(first, true())
        .order_by(ordered(sort_value), ordered(sort_id))
    )


def _open(scope: Scope, order: str, size: int, columns: Sequence[str]) -> Select[Any]:
    return _by_customer(
        bindparam("customer_ids", type_=ARRAY(Uuid())),
        scope=scope,
        narrowed=ResourceFilter(),
        order=order,
        page=first_page(size),
        columns=columns,
    )


_OPEN: Final = Prepared(_open)


def _first_of_customer(
    scope: Scope, narrowed: ResourceFilter, *, order: str, page: Page, columns: Sequence[str]
) -> FromClause:
    """Select the first resources of the customer whose row the statement around this is at."""
    attribute, direction = SORTS[order]
    column: Any = getattr(Resource, attribute)
    statement = select(
        *selected(Resource, columns), column.label("sort_value"), Resource.id.label("sort_id")
    ).where(
        Resource.tenant_id == scope.tenant_id,
        Resource.customer_id == Customer.id,
        *_conditions(narrowed),
    )
    sort = [(column, direction), (Resource.id, direction)]
    return keyset(statement, sort=sort, page=page).correlate(Customer).lateral("first")


def _first(name: str, attribute: str) -> ColumnElement[Any]:
    # By name: the columns that the subquery offers are made anew for each call, and cost as much
    # as all else here together.
    return literal_column(f"first.{name}", _TYPES[attribute])


_TYPES: Final = {column.name: column.type for column in Resource.__table__.columns}


async def batch_get_for_update(
    session: AsyncSession, *, scope: Scope, keys: Collection[tuple[UUID, str]]
) -> dict[tuple[UUID, str], Resource]:
    """Get resources by (customer id, the cloud's id) and lock them; the customers are locked."""
    asked = (
        func.unnest(
            literal([id_ for id_, _ in keys], ARRAY(Uuid())),
            literal([cloud_id for _, cloud_id in keys], ARRAY(Text())),
        )
        .table_valued("customer_id", "cloud_resource_id")
        .render_derived()
    )
    found = await session.scalars(
        select(Resource)
        .join(
            asked,
            and_(
                Resource.customer_id == asked.c.customer_id,
                Resource.cloud_resource_id == asked.c.cloud_resource_id,
            ),
        )
        .where(Resource.tenant_id == scope.tenant_id)
        .with_for_update(of=Resource)
    )
    return {(resource.customer_id, resource.cloud_resource_id): resource for resource in found}


async def list_nearest_expire_times(
    session: AsyncSession, *, scope: Scope, customer_ids: Collection[UUID]
) -> dict[UUID, datetime]:
    """Give when the next resource in use of each customer expires, where one does."""
    rows = await session.execute(
        select(Resource.customer_id, func.min(Resource.expire_time))
        .where(
            Resource.tenant_id == scope.tenant_id,
            Resource.customer_id.in_(customer_ids),
            Resource.state.in_(STATES_IN_USE),
            Resource.state != ResourceState.CLOSED.value,
            Resource.expire_time.is_not(None),
        )
        .group_by(Resource.customer_id)
    )
    return {row[0]: row[1] for row in rows if row[1] is not None}


def _conditions(narrowed: ResourceFilter) -> list[ColumnExpressionArgument[bool]]:
    conditions: list[ColumnExpressionArgument[bool]] = [
        getattr(Resource, attribute) == value
        for attribute in ("charging_mode", "order_number", "service_type_code", "region_code")
        if (value := getattr(narrowed, attribute)) is not None
    ]
    if narrowed.cloud_resource_ids:
        conditions.append(Resource.cloud_resource_id.in_(narrowed.cloud_resource_ids))
    if narrowed.only_primary:
        conditions.append(Resource.is_primary)
    if ResourceState.CLOSED not in narrowed.states:
        # Said so that the index of open resources serves.
        conditions.append(Resource.state != _CLOSED)
    if narrowed.states:
        conditions.append(Resource.state.in_(narrowed.states))
    for attribute in ("expire_time", "effective_time"):
        column = getattr(Resource, attribute)
        if (begin := getattr(narrowed, f"{attribute}_from")) is not None:
            conditions.append(column >= begin)
        if (end := getattr(narrowed, f"{attribute}_to")) is not None:
            conditions.append(column < end)
    return conditions


# Written into the statement: a parameter would keep the planner from the partial index.
_CLOSED: Final[Any] = bindparam("closed", ResourceState.CLOSED.value, literal_execute=True)
