"""Reads of resources, always inside the scope of their customers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.customers.customers import queries as customers
from services.customers.customers.model import Customer
from services.customers.resources.model import STATES_IN_USE, Resource, ResourceState
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset

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


async def batch_get(session: AsyncSession, *, scope: Scope, ids: Sequence[UUID]) -> list[Resource]:
    """Get those whose customers are in scope, in the order asked."""
    found = await session.scalars(
        select(Resource)
        .join(Customer, _is_customer_of(Resource))
        .where(*scope.covers(Customer), Resource.tenant_id == scope.tenant_id)
        .where(Resource.id.in_(ids))
    )
    by_id = {resource.id: resource for resource in found}
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def list_resources(
    session: AsyncSession,
    *,
    scope: Scope,
    customer_id: UUID,
    narrowed: ResourceFilter,
    order: str,
    page: Page,
) -> Sequence[Resource]:
    """List a page of one customer's resources.

    :raises NotFound: where the customer is not in scope.
    """
    await customers.get(session, scope=scope, id_=customer_id)
    statement = select(Resource).where(
        Resource.tenant_id == scope.tenant_id,
        Resource.customer_id == customer_id,
        *_conditions(Resource, narrowed),
    )
    statement = keyset(statement, sort=_sort(Resource, order), page=page)
    return (await session.scalars(statement)).all()


async def batch_list_resources(
    session: AsyncSession,
    *,
    scope: Scope,
    customer_ids: Sequence[UUID],
    narrowed: ResourceFilter,
    order: str,
    page: Page,
) -> dict[UUID, list[Any]]:
    """Give the first resources of each customer in scope, and one too many, in one statement.

    What comes back are rows with the attributes of a Resource: ten thousands of them would be
    slow as mapped objects.
    """
    asked = (
        func.unnest(literal(customer_ids, ARRAY(Uuid())))
        .table_valued("customer_id", with_ordinality="place")
        .render_derived()
    )
    first = keyset(
        select(*Resource.__table__.columns)
        .where(
            Resource.tenant_id == scope.tenant_id,
            Resource.customer_id == Customer.id,
            *_conditions(Resource, narrowed),
        )
        .correlate(Customer),
        sort=_sort(Resource, order),
        page=page,
    ).lateral("first")
    statement = (
        select(*first.columns)
        .select_from(asked)
        .join(Customer, and_(Customer.id == asked.c.customer_id, *scope.covers(Customer)))
        .join(first, true())
        .order_by(asked.c.place, *_order(first.columns, order))
    )
    groups: dict[UUID, list[Any]] = {}
    for row in await session.execute(statement):
        groups.setdefault(row.customer_id, []).append(row)
    return groups


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


def _conditions(resource: Any, narrowed: ResourceFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        getattr(resource, attribute) == value
        for attribute in ("charging_mode", "order_number", "service_type_code", "region_code")
        if (value := getattr(narrowed, attribute)) is not None
    ]
    if narrowed.cloud_resource_ids:
        conditions.append(resource.cloud_resource_id.in_(narrowed.cloud_resource_ids))
    if narrowed.only_primary:
        conditions.append(resource.is_primary)
    if ResourceState.CLOSED not in narrowed.states:
        # Said so that the index of open resources serves.
        conditions.append(resource.state != _CLOSED)
    if narrowed.states:
        conditions.append(resource.state.in_(narrowed.states))
    for attribute in ("expire_time", "effective_time"):
        column = getattr(resource, attribute)
        if (begin := getattr(narrowed, f"{attribute}_from")) is not None:
            conditions.append(column >= begin)
        if (end := getattr(narrowed, f"{attribute}_to")) is not None:
            conditions.append(column < end)
    return conditions


# Written into the statement: a parameter would keep the planner from the partial index.
_CLOSED: Final[Any] = bindparam("closed", ResourceState.CLOSED.value, literal_execute=True)


def _sort(resource: Any, order: str) -> list[tuple[Any, Direction]]:
    attribute, direction = SORTS[order]
    return [(getattr(resource, attribute), direction), (resource.id, direction)]


def _order(resource: Any, order: str) -> list[Any]:
    return [
        column.asc() if direction == "asc" else column.desc()
        for column, direction in _sort(resource, order)
    ]


def _is_customer_of(resource: Any) -> ColumnElement[bool]:
    return and_(Customer.tenant_id == resource.tenant_id, Customer.id == resource.customer_id)
