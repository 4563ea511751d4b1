"""Reads sums of consumption inside a scope: by kind a page at once, by month for many customers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, literal, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.consumption.conditions import (
    CustomerConditions,
    SumFilter,
    customer_conditions,
    joined,
    refuse_without_manager,
    within_history,
)
from services.billing.consumption.cycles import cycle_at
from services.billing.consumption.model import AMOUNTS, ConsumptionSum
from services.billing.consumption.queries import refuse_old
from services.kit.fields import fetch, selected
from services.kit.identity import Scope
from services.kit.paging import Direction, Page, keyset

# What a sum is told apart by, newest month first. All downward, so that a page begins in the
# index right where the one before it ended.
SUM_KEYS: Final = (
    ConsumptionSum.billing_cycle,
    ConsumptionSum.customer_id,
    ConsumptionSum.service_type_code,
    ConsumptionSum.charging_mode,
    ConsumptionSum.bill_type,
    ConsumptionSum.currency_code,
)
_SUMMED: Final = {
    "service_type_name": func.max(ConsumptionSum.service_type_name),
    "detail_count": func.sum(ConsumptionSum.detail_count),
} | {name: func.sum(getattr(ConsumptionSum, name)) for name in AMOUNTS}
# What a sum over all kinds does not say.
_OF_NO_KIND: Final = dict.fromkeys(
    ("service_type_code", "service_type_name", "charging_mode", "bill_type"), null()
)


async def list_sums(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    narrowed: SumFilter,
    page: Page,
    now: datetime,
) -> Sequence[Sequence[Any]]:
    """Give a page of sums by kind, and one row more if there are more.

    Rows end with their place, which `place_of_sum` reads.

    :raises AccountManagerRequired: where a director names none of the team;
    :raises HistoryLimitExceeded: where the first cycle is older than the tenant may look.
    """
    refuse_without_manager(scope, narrowed.customers)
    rows = await fetch(session, sums(scope, columns, narrowed, page=page, now=now))
    if not rows:
        await refuse_old(session, scope=scope, cycle=narrowed.billing_cycle_from, now=now)
    return rows


def sums(
    scope: Scope, columns: Sequence[str], narrowed: SumFilter, *, page: Page, now: datetime
) -> Select[Any]:
    """Give the statement of a page of sums by kind."""
    statement: Select[Any] = select(
        *selected(ConsumptionSum, columns, **_SUMMED),
        *[key.label(f"sort_{key.key}") for key in SUM_KEYS],
        ConsumptionSum.customer_id.label("row_id"),
    ).select_from(ConsumptionSum)
    statement = joined(statement, ConsumptionSum, scope, narrowed.customers).where(
        *customer_conditions(ConsumptionSum, scope, narrowed.customers),
        ConsumptionSum.billing_cycle >= narrowed.billing_cycle_from,
        within_history(scope, narrowed.billing_cycle_from, running=literal(cycle_at(now))),
    )
    if page.after is None:
        # Behind a token this holds anyway, and would take its place as where to begin.
        statement = statement.where(ConsumptionSum.billing_cycle <= narrowed.billing_cycle_to)
    # Tokens end with an id; the customer's changes nothing in an order that is total already.
    sort: list[tuple[Any, Direction]] = [
        (key, "desc") for key in (*SUM_KEYS, ConsumptionSum.customer_id)
    ]
    return keyset(statement.group_by(*SUM_KEYS), sort=sort, page=page)


def place_of_sum(row: Sequence[Any]) -> tuple[Sequence[Any], UUID]:
    """Give the place in a list of a row that `list_sums` gave."""
    return row[-len(SUM_KEYS) - 1 : -1], row[-1]


async def batch_list_monthly_sums(
    session: AsyncSession,
    *,
    scope: Scope,
    columns: Sequence[str],
    customer_ids: Sequence[UUID],
    cycles: tuple[date, date],
    indirect_partner_id: UUID | None,
    now: datetime,
) -> dict[UUID, list[Sequence[Any]]]:
    """Give each customer's sums by month, newest first, spent under one partner.

    Behind its columns, a row has its customer.

    :raises IndirectPartnerForbidden: where a reseller is named by another than its distributor;
    :raises HistoryLimitExceeded: where the first cycle is older than the tenant may look.
    """
    keys = [ConsumptionSum.customer_id, ConsumptionSum.billing_cycle, ConsumptionSum.currency_code]
    conditions = CustomerConditions(indirect_partner_id=indirect_partner_id)
    statement: Select[Any] = select(
        *selected(ConsumptionSum, columns, **_SUMMED | _OF_NO_KIND),
        ConsumptionSum.customer_id.label("parent_id"),
    ).select_from(ConsumptionSum)
    statement = joined(statement, ConsumptionSum, scope, conditions).where(
        *customer_conditions(ConsumptionSum, scope, conditions, path=""),
        ConsumptionSum.customer_id.in_(customer_ids),
        ConsumptionSum.billing_cycle.between(*cycles),
        within_history(scope, cycles[0], running=literal(cycle_at(now))),
    )
    ordered = statement.group_by(*keys).order_by(
        ConsumptionSum.billing_cycle.desc(), ConsumptionSum.currency_code
    )
    rows = await fetch(session, ordered)
    if not rows:
        await refuse_old(session, scope=scope, cycle=cycles[0], now=now)
    groups: dict[UUID, list[Sequence[Any]]] = {id_: [] for id_ in customer_ids}
    for row in rows:
        groups[row[-1]].append(row)
    return groups
