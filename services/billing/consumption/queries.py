"""The reads: consumption details inside a scope, a page or many customers at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Select,
    bindparam,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from services.billing.consumption.charges import cycle_of_id
from services.billing.consumption.conditions import (
    CustomerConditions,
    DetailFilter,
    detail_conditions,
    joined,
    refuse_without_manager,
    within_history,
)
from services.billing.consumption.cycles import cycle_at
from services.billing.consumption.model import (
    ConsumptionDetail,
    ConsumptionImport,
    ConsumptionSettings,
    CustomerSpend,
)
from services.billing.links.model import CustomerLink
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, first_page, keyset
from services.kit.prepared import Prepared, named, values_of

SORTS: Final[Mapping[str, tuple[str, Direction]]] = {
    "CONSUME_TIME_DESC": ("consume_time", "desc"),
    "CONSUME_TIME_ASC": ("consume_time", "asc"),
    "PAYABLE_AMOUNT_DESC": ("payable_order", "desc"),
    "PAYABLE_AMOUNT_ASC": ("payable_order", "asc"),
}


async def list_details(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: DetailFilter,
    order: str,
    page: Page,
    now: datetime,
) -> Sequence[Sequence[Any]]:
    """Give a page of one cycle's details, and one row more if there are more.

    Rows end with their place.

    :raises AccountManagerRequired: where a director names none of the team;
    :raises HistoryLimitExceeded: where the cycle is older than the tenant may look.
    """
    refuse_without_manager(scope, narrowed.customers)
    running = literal(cycle_at(now))
    statement = details(scope, columns, narrowed, order=order, page=page, running=running)
    rows = await fetch(session, statement)
    if not rows:
        await refuse_old(session, scope=scope, cycle=narrowed.billing_cycle, now=now)
    return rows


async def batch_list_details(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    customer_ids: Sequence[UUID],
    narrowed: DetailFilter,
    order: str,
    page: Page,
    now: datetime,
) -> dict[UUID, list[Sequence[Any]]]:
    """Give the first details of each of these customers, and one row more if there are more.

    Rows end with their place; before that stands whose they are.

    :raises HistoryLimitExceeded: where the cycle is older than the tenant may look.
    """
    running = cycle_at(now)
    stand_in = named(scope)
    unnarrowed = DetailFilter(billing_cycle=narrowed.billing_cycle, customers=CustomerConditions())
    if stand_in is not None and narrowed == unnarrowed and page.after is None:
        values = {
            **values_of(scope),
            "customer_ids": customer_ids,
            "cycle": narrowed.billing_cycle,
            "running": running,
        }
        rows = await _OF_CYCLE.fetch(
            session, stand_in, order, page.size, tuple(columns), values=values
        )
    else:
        statement = _by_customer(
            literal(list(customer_ids), ARRAY(Uuid())),
            scope=scope,
            columns=columns,
            narrowed=narrowed,
            order=order,
            page=page,
            running=literal(running),
        )
        rows = await fetch(session, statement)
    if not rows:
        await refuse_old(session, scope=scope, cycle=narrowed.billing_cycle, now=now)
    groups: dict[UUID, list[Sequence[Any]]] = {id_: [] for id_ in customer_ids}
    for row in rows:
        groups[row[-3]].append(row)
    return groups


def _by_customer(
    customer_ids: ColumnElement[Any],
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: DetailFilter,
    order: str,
    page: Page,
    running: ColumnElement[date],
) -> Select[Any]:
    wanted = (
        func.unnest(customer_ids)
        .table_valued("id", with_ordinality="place", name="wanted")
        .render_derived()
    )
    first = (
        details(scope, columns, narrowed, order=order, page=page, running=running)
        .where(ConsumptionDetail.customer_id == wanted.c.id)
        .correlate(wanted)
        .lateral("first")
    )
    *chosen, sort_value, row_id = first.c
    _, direction = SORTS[order]
    ordered = [key.asc() if direction == "asc" else key.desc() for key in (sort_value, row_id)]
    return (
        select(*chosen, wanted.c.id.label("parent_id"), sort_value, row_id)
        .select_from(wanted.join(first, true()))
        .order_by(wanted.c.place, *ordered)
    )


def _of_cycle(scope: Scope, order: str, size: int, columns: Sequence[str]) -> Select[Any]:
    cycle: Any = bindparam("cycle", type_=Date())
    return _by_customer(
        bindparam("customer_ids", type_=ARRAY(Uuid())),
        scope=scope,
        columns=columns,
        narrowed=DetailFilter(billing_cycle=cycle, customers=CustomerConditions()),
        order=order,
        page=first_page(size),
        running=bindparam("running", type_=Date()),
    )


_OF_CYCLE: Final = Prepared(_of_cycle)


async def batch_get_details(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    ids: Sequence[UUID],
    now: datetime,
) -> list[Sequence[Any]]:
    """Give those that are in scope and not too old, in order; only their partitions are read.

    Behind its columns, a row has its id.
    """
    cycles = {cycle for id_ in ids if (cycle := cycle_of_id(id_)) is not None}
    detail = ConsumptionDetail
    row_id = detail.id.label("row_id")
    statement: Select[Any] = select(*selected(detail, columns), row_id).select_from(detail)
    statement = joined(statement, detail, scope, CustomerConditions()).where(
        *scope.covers(detail, account_manager=CustomerLink.account_manager_id),
        detail.billing_cycle.in_(sorted(cycles)),
        detail.id.in_(ids),
        within_history(scope, detail.billing_cycle, running=literal(cycle_at(now))),
    )
    found = {row[-1]: row for row in await fetch(session, statement)}
    return [found[id_] for id_ in ids if id_ in found]


async def refuse_old(session: AsyncSession, *, scope: Scope, cycle: date, now: datetime) -> None:
    """Refuse a cycle that is older than the tenant may look.

    Lists ask when they found nothing: as long as there is something it would be one statement
    too many.

    :raises HistoryLimitExceeded: naming the oldest that may be looked at.
    """
    settings = await session.get(ConsumptionSettings, scope.tenant_id)
    if settings is not None:
        settings.refuse_before_limit(cycle, now=now)


async def get_settings(
    session: AsyncSession, *, scope: Scope, columns: Sequence[str]
) -> Sequence[Any]:
    """Give the tenant's settings; those of a new tenant where it has none."""
    statement = select(*selected(ConsumptionSettings, columns)).where(
        ConsumptionSettings.tenant_id == scope.tenant_id
    )
    rows = await fetch(session, statement)
    return rows[0] if rows else [None] * len(columns)


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


def details(
    scope: Scope,
    columns: Sequence[str],
    narrowed: DetailFilter,
    *,
    order: str,
    page: Page,
    running: ColumnElement[date],
) -> Select[Any]:
    if page.after is not None and order == "CONSUME_TIME_DESC":
        # Behind a token this holds anyway, and would take its place as where to begin.
        narrowed = replace(narrowed, consume_date_to=None)
    detail = ConsumptionDetail
    name, direction = SORTS[order]
    sort_value = getattr(detail, name)
    statement: Select[Any] = select(
        *selected(detail, columns), sort_value.label("sort_value"), detail.id.label("row_id")
    ).select_from(detail)
    statement = joined(statement, detail, scope, narrowed.customers).where(
        *detail_conditions(scope, narrowed),
        within_history(scope, narrowed.billing_cycle, running=running),
    )
    return keyset(statement, sort=[(sort_value, direction), (detail.id, direction)], page=page)
