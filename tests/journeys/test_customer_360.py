"""The main job: a page of customers with all that belongs to them, by one rpc for each edge."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from partner.billing.v1 import consumption_pb2
from tests.builders.billing import an_issue, grant_quota
from tests.builders.consumption import a_file, a_row, import_requests
from tests.builders.counted import rpcs_handled
from tests.builders.customers import (
    a_new_customer,
    a_request_id,
    a_resource,
    add_customers,
    add_resources,
    open_tenant,
)
from tests.builders.graphs import EXAMPLES, Graph
from tests.builders.principals import an_administrator, an_operator
from tests.builders.running import RunningService
from tests.builders.tenants import tell_billing

Services = Mapping[str, RunningService]
QUERY = (EXAMPLES / "customer-360.graphql").read_text()
VARIABLES = json.loads((EXAMPLES / "customer-360.json").read_text())
# That of the rows of `a_row`.
BILLING_CYCLE = "2024-09"
CUSTOMERS = 52
RECIPIENTS_A_CALL = 10
FOUR_RPCS = {
    "partner.customers.v1.CustomerService/ListCustomers": 1,
    "partner.customers.v1.ResourceService/BatchListResources": 1,
    "partner.billing.v1.ConsumptionService/BatchListConsumptionDetails": 1,
    "partner.billing.v1.VoucherService/BatchListVouchers": 1,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tenant_id(services: Services) -> UUID:
    """Open a tenant whose customers have resources, consumption and vouchers."""
    tenant_id = await open_tenant(services["customers"], currency_code="USD")
    customers = await add_customers(
        services["customers"],
        tenant_id,
        *(
            a_new_customer(f"account-{number}", external_platform="cloud", name=f"Nimbus {number}")
            for number in range(CUSTOMERS)
        ),
    )
    await tell_billing(services, tenant_id, customers)
    await add_resources(
        services["customers"], tenant_id, *(a_resource(one) for one in customers for _ in range(2))
    )
    await _consume(services["billing"], tenant_id, [one.external_id for one in customers])
    quota = await grant_quota(services["billing"], tenant_id, face_total="10000 USD")
    for start in range(0, CUSTOMERS, RECIPIENTS_A_CALL):
        some = [one.id for one in customers[start : start + RECIPIENTS_A_CALL]]
        await services["billing"].call(
            an_issue(quota.id, some, face_value="12.50 USD"), principal=an_administrator(tenant_id)
        )
    return tenant_id


async def _consume(billing: RunningService, tenant_id: UUID, accounts: list[str]) -> None:
    rows = [
        a_row(SubAccountId=account, ChargePeriodStart=f"2024-09-{day:02} 08:00:00")
        for account in accounts
        for day in (3, 4)
    ]
    report = await billing.stream(
        import_requests(a_file(*rows), request_id=a_request_id(), file_name="focus.csv"),
        of=consumption_pb2.ImportConsumptionRequest,
        principal=an_operator(tenant_id),
    )
    # Of customers that are known already.
    assert (report.new_count, report.created_customer_count) == (2 * len(accounts), 0)


@pytest.mark.parametrize("count", [50, 5])
async def test_four_rpcs_answer_for_any_number_of_customers(
    graph: Graph, tenant_id: UUID, count: int
) -> None:
    before = rpcs_handled()

    data = await graph.data(
        QUERY,
        principal=an_administrator(tenant_id),
        **VARIABLES | {"first": count, "billingCycle": BILLING_CYCLE},
    )

    assert dict(rpcs_handled() - before) == FOUR_RPCS
    customers: list[dict[str, Any]] = data["customers"]["nodes"]
    assert len({one["id"] for one in customers}) == count
    for customer in customers:
        assert len(customer["resources"]["nodes"]) == 2
        assert [one["payableAmount"] for one in customer["consumptionDetails"]["nodes"]] == [
            {"amount": "1.5", "currencyCode": "USD"}
        ] * 2
        assert [one["balance"]["amount"] for one in customer["vouchers"]["nodes"]] == ["12.5"]


async def test_the_pages_of_all_customers_fit_together(graph: Graph, tenant_id: UUID) -> None:
    query = """
    query Page($after: String) {
      customers(first: 20, after: $after, orderBy: NAME_ASC) {
        totalCount edges { cursor node { id } } pageInfo { hasNextPage endCursor }
      }
    }
    """
    found: list[str] = []
    sizes = []
    after = None
    while True:
        data = await graph.data(query, principal=an_administrator(tenant_id), after=after)
        page = data["customers"]
        found += [edge["node"]["id"] for edge in page["edges"]]
        sizes.append(len(page["edges"]))
        after = page["pageInfo"]["endCursor"]
        assert after == page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert (sizes, page["totalCount"], len(set(found))) == ([20, 20, 12], CUSTOMERS, CUSTOMERS)
