"""What one service learns of another by jobs: new customers, and what they spent this month."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest_asyncio

from partner.billing.v1 import consumption_pb2, vouchers_pb2
from partner.customers.v1 import customers_pb2
from services.billing.consumption.cycles import cycle_at
from services.billing.days import start_of_day
from tests.builders.billing import an_issue, grant_quota, money
from tests.builders.composed import Composed
from tests.builders.consumption import a_file, a_row, import_requests
from tests.builders.customers import (
    a_request_id,
    add_customer,
    add_manager,
    open_tenant,
    uuid_of,
)
from tests.builders.keys import Keys
from tests.builders.principals import an_account_manager, an_administrator, an_operator
from tests.builders.running import RunningService

RunService = Callable[[str], Awaitable[RunningService]]
# What "within seconds" means on a busy machine.
SECONDS = 20


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def busy(
    running: RunService, keys: Keys, environment: dict[str, str]
) -> AsyncIterator[dict[str, RunningService]]:
    """Run customers and billing with their jobs beside them."""
    services = {name: await running(name) for name in ("customers", "billing")}
    async with AsyncExitStack() as stack:
        for name, one in services.items():
            composed = Composed(name, database=one.database, keys=keys, environment=environment)
            await stack.enter_async_context(composed.working())
        yield services


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await is_so():  # noqa: ASYNC110 - asked over gRPC
            await asyncio.sleep(0.05)


async def test_a_new_customer_gets_vouchers_that_its_manager_sees(
    busy: dict[str, RunningService],
) -> None:
    customers, billing = busy["customers"], busy["billing"]
    tenant_id = await open_tenant(customers)
    manager = await add_manager(customers, tenant_id)
    other = await add_manager(customers, tenant_id)
    quota = await grant_quota(billing, tenant_id)
    customer = await add_customer(customers, tenant_id, account_manager_id=manager.id)

    async def gets_a_voucher() -> bool:
        issue = an_issue(quota.id, [customer.id])
        answer = await billing.call(issue, principal=an_administrator(tenant_id))
        return bool(answer.results[0].HasField("voucher"))

    await eventually(gets_a_voucher)

    seen = {}
    for one in (manager, other):
        principal = an_account_manager(tenant_id, account_manager_id=uuid_of(one.id))
        listed = await billing.call(vouchers_pb2.ListVouchersRequest(), principal=principal)
        seen[one.id] = [voucher.customer_id for voucher in listed.vouchers]
    assert seen == {manager.id: [customer.id], other.id: []}


async def test_what_was_spent_this_month_arrives_after_an_import(
    busy: dict[str, RunningService],
) -> None:
    customers, billing = busy["customers"], busy["billing"]
    tenant_id = await open_tenant(customers, currency_code="USD")
    month = start_of_day(cycle_at(datetime.now(UTC))).astimezone(UTC).isoformat()
    row = a_row(BillingPeriodStart=month, ChargePeriodStart=month, ChargePeriodEnd=month)
    before = a_row(BilledCost="1000")
    file = a_file(row, row | {"BilledCost": "0.000000000000001"}, before)

    report: consumption_pb2.ImportConsumptionResponse = await billing.stream(
        import_requests(file, request_id=a_request_id(), file_name="focus.csv"),
        of=consumption_pb2.ImportConsumptionRequest,
        principal=an_operator(tenant_id),
    )

    assert (report.new_count, list(report.skipped_rows)) == (3, [])

    async def has_arrived() -> bool:
        listed = await customers.call(
            customers_pb2.ListCustomersRequest(), principal=an_administrator(tenant_id)
        )
        return [one.month_to_date_spend for one in listed.customers] == [
            money("1.500000000000001 USD")
        ]

    await eventually(has_arrived)
