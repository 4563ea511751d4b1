"""What the customers service is told of spends."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest_asyncio
from sqlalchemy import update

from services.billing.consumption.jobs import push_customer_spends
from services.billing.consumption.model import CustomerSpend
from services.kit.jobs import run_once
from services.kit.paging import PageTokens
from tests.builders.consumption import ImportingBilling, a_file, a_row, importing_billing
from tests.builders.keys import Keys
from tests.builders.principals import a_system, a_tenant, an_operator

NOW = datetime(2024, 9, 20, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def billing(database: Any, pages: PageTokens, keys: Keys) -> AsyncIterator[ImportingBilling]:
    async with importing_billing(await database("billing"), pages=pages, keys=keys) as running:
        yield running


async def push(billing: ImportingBilling) -> int:
    """Run the job until nothing is due; other tests' tenants are told as well."""
    job, told = push_customer_spends(billing.customers), 0
    while done := await run_once(job, billing.database, now=NOW):
        told += done
    return told


def told_of(billing: ImportingBilling, tenant: UUID, account: str = "4711") -> str | None:
    spend = billing.end.spends.get(billing.end.customer_id(tenant, account))
    return None if spend is None else spend.amount.amount


async def test_spends_of_the_current_cycle_are_told_once(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    data = a_file(
        a_row(BilledCost="1.25"),
        a_row(BilledCost="2.5"),
        a_row(BilledCost="40", BillingPeriodStart="2024-08-01"),
        a_row(BilledCost="50", BillingPeriodStart="2024-08-01", SubAccountId="earlier"),
    )
    await billing.import_file(data, principal=an_operator(tenant))

    first = await push(billing)
    second = await push(billing)

    assert first >= 1
    assert second == 0
    assert told_of(billing, tenant) == "3.75"
    assert told_of(billing, tenant, "earlier") is None


async def test_a_spend_that_grew_is_told_again(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    await billing.import_file(a_file(a_row(BilledCost="1")), principal=an_operator(tenant))
    await push(billing)
    await billing.import_file(a_file(a_row(BilledCost="2")), principal=an_operator(tenant))

    await push(billing)

    assert told_of(billing, tenant) == "3"


async def test_a_spend_that_grows_while_it_is_told_stays_due(billing: ImportingBilling) -> None:
    tenant = a_tenant()
    await billing.import_file(a_file(a_row(BilledCost="1")), principal=an_operator(tenant))
    await push(billing)
    async with billing.database.transaction(a_system(tenant)) as session:
        # As if the version told were older than the one that is there.
        await session.execute(update(CustomerSpend).values(version=CustomerSpend.version + 1))

    assert await push(billing) >= 1


async def test_a_spend_that_is_refused_keeps_no_other_from_being_told(
    billing: ImportingBilling,
) -> None:
    tenant = a_tenant()
    # Each amount can be kept, and their sum can not be told.
    huge = {"BilledCost": "99999999999999999999", "ListCost": "99999999999999999999"}
    data = a_file(
        a_row(SubAccountId="huge", **huge),
        a_row(SubAccountId="huge", **huge),
        a_row(BilledCost="1"),
        a_row(BilledCost="2", SubAccountId="4712"),
    )
    await billing.import_file(data, principal=an_operator(tenant))

    await push(billing)

    assert told_of(billing, tenant) == "1"
    assert told_of(billing, tenant, "4712") == "2"
    assert told_of(billing, tenant, "huge") is None
    assert await push(billing) == 0
