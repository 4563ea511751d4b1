"""What the database itself guards: partitions, identities, and that details are kept as written."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.billing.consumption import operations
from services.billing.consumption.model import (
    AMOUNTS,
    ConsumptionDetail,
    ConsumptionSum,
    CustomerSpend,
)
from services.kit.database import Database
from services.kit.identity import Principal
from services.kit.ids import new_id
from tests.builders.consumption import ImportingBilling, a_charge, a_file, a_row
from tests.builders.principals import a_system, a_tenant, an_operator

CYCLE = date(2024, 9, 1)


def a_detail(principal: Principal, **changes: Any) -> Mapping[str, Any]:
    """Give the columns of a detail; its money is 1.5 of 2, paid in cash."""
    charge = a_charge()
    money = {name: getattr(charge.amounts, name) for name in AMOUNTS}
    return {
        "tenant_id": principal.tenant_id,
        "billing_cycle": CYCLE,
        "id": new_id(),
        "partner_id": principal.tenant_id,
        "customer_id": new_id(),
        "association_type": "RESALE",
        "service_type_code": "ecs",
        "charging_mode": "PAY_PER_USE",
        "bill_type": "USAGE",
        "consume_time": charge.consume_time,
        "currency_code": "USD",
        **money,
        **changes,
    }


async def take(session: AsyncSession, *rows: Mapping[str, Any]) -> operations.Taken:
    await operations.make_partitions(session, cycles={row["billing_cycle"] for row in rows})
    return await operations.take_charges(session, rows=rows)


async def test_take_charges_takes_each_once(billing: ImportingBilling) -> None:
    system = a_system(a_tenant())
    detail = a_detail(system)

    async with billing.database.transaction(system) as session:
        first = await take(session, detail, a_detail(system))
        second = await take(session, detail)

    assert (first.count, first.payable) == (2, {"USD": Decimal(3)})
    assert (second.count, second.payable) == (0, {})


@pytest.mark.parametrize(
    "changes",
    [
        {"discount_amount": Decimal(1)},
        {"cash_amount": Decimal(1)},
        {"debt_amount": Decimal("0.000000000000001")},
        {"association_type": "FRIEND"},
        {"charging_mode": "FREE"},
        {"consume_end_time": "2024-01-01T00:00:00Z"},
    ],
)
async def test_a_detail_that_does_not_add_up_is_refused_by_the_database(
    billing: ImportingBilling, changes: dict[str, Any]
) -> None:
    system = a_system(a_tenant())

    with pytest.raises(DBAPIError, match="violates check constraint"):
        async with billing.database.transaction(system) as session:
            await take(session, a_detail(system, **changes))


@pytest.mark.parametrize(
    "change",
    [
        update(ConsumptionDetail).values(cash_amount=0),
        delete(ConsumptionDetail),
        text("TRUNCATE consumption_details"),
        text("SELECT * FROM consumption_details_202409"),
        text("CREATE TABLE consumption_details_200001 (id uuid)"),
    ],
)
async def test_what_is_written_is_neither_changed_nor_reached_another_way(
    billing: ImportingBilling, change: Any
) -> None:
    system = a_system(a_tenant())
    async with billing.database.transaction(system) as session:
        await take(session, a_detail(system))

    with pytest.raises(DBAPIError, match="permission denied"):
        async with billing.database.transaction(system) as session:
            await session.execute(change)


@pytest.mark.parametrize("cycle", [date(2024, 9, 2), date(1999, 1, 1), date(2900, 1, 1)])
async def test_a_partition_is_made_of_a_month_in_bounds_only(
    billing: ImportingBilling, cycle: date
) -> None:
    with pytest.raises(DBAPIError, match="is no billing cycle"):
        async with billing.database.transaction(a_system(a_tenant())) as session:
            await operations.make_partitions(session, cycles={cycle})


async def test_a_partition_keeps_its_rows_even_from_its_owner(billing: ImportingBilling) -> None:
    async with billing.database.transaction(a_system(a_tenant())) as session:
        await operations.make_partitions(session, cycles={date(2024, 7, 1)})
        forced = await session.scalar(
            text(
                "SELECT relforcerowsecurity AND relrowsecurity FROM pg_class"
                " WHERE relname = 'consumption_details_202407'"
            )
        )

    assert forced is True


async def test_another_tenants_details_are_out_of_reach(billing: ImportingBilling) -> None:
    system, stranger = a_system(a_tenant()), a_system(a_tenant())
    async with billing.database.transaction(system) as session:
        await take(session, a_detail(system))

    with pytest.raises(DBAPIError, match="row-level security"):
        async with billing.database.transaction(stranger) as session:
            await take(session, a_detail(system))
    async with billing.database.transaction(stranger) as session:
        assert await session.scalar(select(func.count()).select_from(ConsumptionDetail)) == 0


async def test_sums_and_spends_are_what_the_details_add_up_to(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    first = a_file(
        a_row(BilledCost="0.000000000000001"),
        a_row(BilledCost="-2", x_BillType="4"),
        a_row(BilledCost="3", x_WriteoffAmount="1"),
    )
    second = a_file(a_row(BilledCost="7", x_DebtAmount="7"), a_row(SubAccountId="0815"))
    for data in (first, second):
        await billing.import_file(data, principal=an_operator(tenant))

    async with billing.database.transaction(a_system(tenant)) as session:
        details = await totals(session, ConsumptionDetail)
        sums = await totals(session, ConsumptionSum)
        kinds = set(await session.scalars(select(ConsumptionSum.bill_type)))
        counted = await session.scalar(select(func.sum(ConsumptionSum.detail_count)))
        spent = await session.scalar(select(func.sum(CustomerSpend.amount)))

    assert sums == details
    assert kinds == {"NORMAL", "UNSUBSCRIBE", "PLATFORM_WRITEOFF"}
    assert counted == 5
    assert spent == details["payable_amount"] == Decimal("9.500000000000001")


async def totals(session: AsyncSession, table: Any) -> dict[str, Decimal]:
    row = (
        await session.execute(
            select(*[func.sum(getattr(table, name)).label(name) for name in AMOUNTS])
        )
    ).one()
    return dict(row._mapping)


async def test_many_ids_are_found_without_reading_all_partitions(
    billing: ImportingBilling,
) -> None:
    tenant = a_tenant()
    months = [f"2024-{month:02}-01" for month in range(1, 10)]
    data = a_file(*[a_row(BillingPeriodStart=month) for month in months])
    await billing.import_file(data, principal=an_operator(tenant))

    plan = await plan_of_two_ids(billing.database, a_system(tenant))

    assert "consumption_details_202403" in plan
    assert "consumption_details_202405" not in plan


async def plan_of_two_ids(database: Database, system: Principal) -> str:
    async with database.transaction(system) as session:
        lines = await session.scalars(
            text(
                "EXPLAIN SELECT * FROM consumption_details WHERE tenant_id = app.tenant()"
                " AND billing_cycle IN ('2024-03-01', '2024-04-01') AND id = gen_random_uuid()"
            )
        )
        return "\n".join(lines)
