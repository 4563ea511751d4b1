"""The reads: details and sums of consumption inside a scope, a page or many customers at once."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.types import Uuid

from services.billing.consumption.charges import cycle_of_id
from services.billing.consumption.conditions import (
    CustomerConditions,
    DetailFilter,
    SumFilter,
    customer_conditions,
    detail_conditions,
    joined,
    refuse_without_manager,
)
from services.billing.consumption.model import (
    AMOUNTS,
    ConsumptionDetail,
    ConsumptionImport,
    ConsumptionSettings,
    ConsumptionSum,
    CustomerSpend,
)
from services.billing.links.model import CustomerLink
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset

SORTS: Final[Mapping[str, tuple[str, Direction]]] = {
    "CONSUME_TIME_DESC": ("consume_time", "desc"),
    "CONSUME_TIME_ASC": ("consume_time", "asc"),
    "PAYABLE_AMOUNT_DESC": ("payable_amount", "desc"),
    "PAYABLE_AMOUNT_ASC": ("payable_amount", "asc"),
}
# What a sum is told apart by, in the order of the list.
SUM_SORT: Final[Sequence[tuple[str, Direction]]] = (
    ("billing_cycle", "desc"),
    ("customer_id", "asc"),
    ("service_type_code", "asc"),
    ("charging_mode", "asc"),
    ("bill_type", "asc"),
    ("currency_code", "asc"),
)
SumRow = Row[Any]


async def list_details(
    session: AsyncSession, *, scope: Scope, narrowed: DetailFilter, order: str, page: Page
) -> Sequence[ConsumptionDetail]:
    """Give a page of one cycle's details, and one row more if there are more.

    :raises AccountManagerRequired: where a director names none of the team.
    """
    refuse_without_manager(scope, narrowed.customers)
    statement = joined(select(ConsumptionDetail), ConsumptionDetail, scope, narrowed.customers)
    statement = statement.where(*detail_conditions(scope, narrowed))
    statement = keyset(statement, sort=_sort(order), page=page)
    return (await session.scalars(statement)).all()


async def batch_list_details(
    session: AsyncSession,
    *,
    scope: Scope,
    customer_ids: Sequence[UUID],
    narrowed: DetailFilter,
    order: str,
    page: Page,
) -> dict[UUID, list[ConsumptionDetail]]:
    """Give the first details of each of these customers, and one row more if there are more."""
    wanted = (
        func.unnest(cast(list(customer_ids), ARRAY(Uuid())))
        .table_valued("id", with_ordinality="place", name="wanted")
        .render_derived()
    )
    statement = joined(select(ConsumptionDetail), ConsumptionDetail, scope, narrowed.customers)
    statement = statement.where(
        *detail_conditions(scope, narrowed), ConsumptionDetail.customer_id == wanted.c.id
    )
    first = keyset(statement, sort=_sort(order), page=page).lateral("first")
    detail = aliased(ConsumptionDetail, first)
    name, direction = SORTS[order]
    key = (getattr(detail, name), detail.id)
    ordered = [column.asc() if direction == "asc" else column.desc() for column in key]
    rows = await session.scalars(
        select(detail).select_from(wanted.join(first, true())).order_by(wanted.c.place, *ordered)
    )
    groups: dict[UUID, list[ConsumptionDetail]] = {id_: [] for id_ in customer_ids}
    for row in rows:
        groups[row.customer_id].append(row)
    return groups


async def batch_get_details(
    session: AsyncSession, *, scope: Scope, ids: Sequence[UUID], oldest: date | None
) -> list[ConsumptionDetail]:
    """Give those that are in scope and not too old, in order; only their partitions are read."""
    cycles = {cycle for id_ in ids if (cycle := cycle_of_id(id_)) is not None}
    if oldest is not None:
        cycles = {cycle for cycle in cycles if cycle >= oldest}
    statement = joined(
        select(ConsumptionDetail), ConsumptionDetail, scope, CustomerConditions()
    ).where(
        *scope.covers(ConsumptionDetail, account_manager=CustomerLink.account_manager_id),
        ConsumptionDetail.billing_cycle.in_(sorted(cycles)),
        ConsumptionDetail.id.in_(ids),
    )
    found = {row.id: row for row in await session.scalars(statement)}
    return [found[id_] for id_ in ids if id_ in found]


async def list_sums(
    session: AsyncSession, *, scope: Scope, narrowed: SumFilter, page: Page
) -> Sequence[SumRow]:
    """Give a page of sums by kind, and one row more if there are more.

    :raises AccountManagerRequired: where a director names none of the team.
    """
    refuse_without_manager(scope, narrowed.customers)
    keys = [getattr(ConsumptionSum, name) for name, _ in SUM_SORT]
    statement = joined(_summed(keys), ConsumptionSum, scope, narrowed.customers).where(
        *customer_conditions(ConsumptionSum, scope, narrowed.customers),
        ConsumptionSum.billing_cycle.between(
            narrowed.billing_cycle_from, narrowed.billing_cycle_to
        ),
    )
    sort: list[tuple[Any, Direction]] = [
        (getattr(ConsumptionSum, name), direction) for name, direction in SUM_SORT
    ]
    # Tokens end with an id; the customer's changes nothing in an order that is total already.
    sort.append((ConsumptionSum.customer_id, "asc"))
    rows = await session.execute(keyset(statement, sort=sort, page=page))
    return list(rows.all())


async def batch_list_monthly_sums(
    session: AsyncSession,
    *,
    scope: Scope,
    customer_ids: Sequence[UUID],
    cycles: tuple[date, date],
    indirect_partner_id: UUID | None,
) -> dict[UUID, list[SumRow]]:
    """Give each customer's sums by month, newest first, spent under one partner.

    :raises IndirectPartnerForbidden: where a reseller is named by another than its distributor.
    """
    keys = [ConsumptionSum.customer_id, ConsumptionSum.billing_cycle, ConsumptionSum.currency_code]
    conditions = CustomerConditions(indirect_partner_id=indirect_partner_id)
    statement = joined(_summed(keys), ConsumptionSum, scope, conditions).where(
        *customer_conditions(ConsumptionSum, scope, conditions, path=""),
        ConsumptionSum.customer_id.in_(customer_ids),
        ConsumptionSum.billing_cycle.between(*cycles),
    )
    rows = await session.execute(statement.order_by(ConsumptionSum.billing_cycle.desc()))
    groups: dict[UUID, list[SumRow]] = {id_: [] for id_ in customer_ids}
    for row in rows:
        groups[row.customer_id].append(row)
    return groups


async def check_history(session: AsyncSession, *, scope: Scope, cycle: date, now: datetime) -> None:
    """Refuse a cycle that is older than the tenant may look.

    :raises HistoryLimitExceeded: naming the oldest that may be looked at.
    """
    settings = await get_settings(session, scope=scope)
    settings.refuse_before_limit(cycle, now=now)


async def get_settings(session: AsyncSession, *, scope: Scope) -> ConsumptionSettings:
    """Give the tenant's settings; those of a new tenant where it has none."""
    settings = await session.get(ConsumptionSettings, scope.tenant_id)
    return settings or ConsumptionSettings(tenant_id=scope.tenant_id, history_months=None)


async def get_settings_for_update(session: AsyncSession, *, scope: Scope) -> ConsumptionSettings:
    settings = await session.get(ConsumptionSettings, scope.tenant_id, with_for_update=True)
    return settings or ConsumptionSettings(tenant_id=scope.tenant_id, history_months=None)


async def get_import_for_update(
    session: AsyncSession, *, scope: Scope, import_id: UUID
) -> ConsumptionImport:
    statement = select(ConsumptionImport).where(
        *scope.covers(ConsumptionImport), ConsumptionImport.id == import_id
    )
    return (await session.scalars(statement.with_for_update())).one()


async def list_due_spends(
    session: AsyncSession, *, cycle: date, at_most: int
) -> Sequence[CustomerSpend]:
    """Give spends of the cycle, of one tenant, that the customers service has not been told."""
    due = CustomerSpend.pushed_version < CustomerSpend.version
    tenant = select(CustomerSpend.tenant_id).where(CustomerSpend.billing_cycle == cycle, due)
    tenant = tenant.order_by(CustomerSpend.tenant_id).limit(1)
    statement = (
        select(CustomerSpend)
        .where(
            CustomerSpend.tenant_id == tenant.scalar_subquery(),
            CustomerSpend.billing_cycle == cycle,
            due,
        )
        .order_by(CustomerSpend.customer_id)
        .limit(at_most)
    )
    return (await session.scalars(statement)).all()


async def list_spends_for_update(
    session: AsyncSession, *, scope: Scope, cycle: date, customer_ids: Sequence[UUID]
) -> Sequence[CustomerSpend]:
    statement = select(CustomerSpend).where(
        *scope.covers(CustomerSpend),
        CustomerSpend.billing_cycle == cycle,
        CustomerSpend.customer_id.in_(customer_ids),
    )
    ordered = statement.order_by(CustomerSpend.customer_id)
    return (await session.scalars(ordered.with_for_update())).all()


def _summed(keys: Sequence[Any]) -> Select[Any]:
    amounts = [func.sum(getattr(ConsumptionSum, name)).label(name) for name in AMOUNTS]
    return select(
        *keys,
        func.max(ConsumptionSum.service_type_name).label("service_type_name"),
        *amounts,
        func.sum(ConsumptionSum.detail_count).label("detail_count"),
    ).group_by(*keys)


def _sort(order: str) -> list[tuple[Any, Direction]]:
    name, direction = SORTS[order]
    return [(getattr(ConsumptionDetail, name), direction), (ConsumptionDetail.id, direction)]
