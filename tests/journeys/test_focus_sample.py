"""A real FOCUS file of three clouds, imported by rpc, summed up by the graph to the last digit."""

import csv
from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest_asyncio

from partner.billing.v1 import consumption_pb2
from services.kit.identity import Principal
from tests.builders.consumption import SAMPLE, import_requests
from tests.builders.customers import a_request_id, open_tenant
from tests.builders.graphs import Graph
from tests.builders.principals import an_administrator, an_operator
from tests.builders.running import RunningService

# One line of the file is billed in October.
SUMMARIES = """
query Summaries($after: String) {
  consumptionSummaries(
    filter: {billingCycleFrom: "2024-09", billingCycleTo: "2024-10"}, first: 100, after: $after
  ) {
    nodes { detailCount payableAmount { amount currencyCode } customer { externalId } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
OF_EACH_CUSTOMER = """
query OfEach($after: String) {
  customers(first: 50, after: $after) {
    nodes {
      externalId
      consumptionSummaries(from: "2024-09", to: "2024-10") { payableAmount { amount } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def import_sample(
    billing: RunningService, tenant_id: UUID
) -> consumption_pb2.ImportConsumptionResponse:
    report: consumption_pb2.ImportConsumptionResponse = await billing.stream(
        import_requests(SAMPLE.read_bytes(), request_id=a_request_id(), file_name=SAMPLE.name),
        of=consumption_pb2.ImportConsumptionRequest,
        principal=an_operator(tenant_id),
    )
    return report


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tenant_id(services: dict[str, RunningService]) -> UUID:
    """Open a tenant of its own and import the file for the first time."""
    tenant_id = await open_tenant(services["customers"], currency_code="USD")
    report = await import_sample(services["billing"], tenant_id)
    assert (report.row_count, report.new_count, report.skipped_count) == (1000, 1000, 0)
    assert report.created_customer_count == 73
    return tenant_id


def billed_by_sub_account() -> dict[str, Decimal]:
    """Sum the file up with nothing of ours."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sums[row["SubAccountId"]] += Decimal(row["BilledCost"])
    return dict(sums)


async def test_the_graph_sums_each_sub_account_up_as_the_file_does(
    graph: Graph, tenant_id: UUID
) -> None:
    told: dict[str, Decimal] = defaultdict(Decimal)
    count = 0
    for summary in await all_nodes(graph, SUMMARIES, principal=an_administrator(tenant_id)):
        assert summary["payableAmount"]["currencyCode"] == "USD"
        told[summary["customer"]["externalId"]] += Decimal(summary["payableAmount"]["amount"])
        count += summary["detailCount"]

    assert told == billed_by_sub_account()
    assert (len(told), count) == (73, 1000)
    assert sum(told.values()) == Decimal("20.52022672899")


async def test_the_sums_below_each_customer_are_the_same(graph: Graph, tenant_id: UUID) -> None:
    customers = await all_nodes(graph, OF_EACH_CUSTOMER, principal=an_administrator(tenant_id))

    told = {
        customer["externalId"]: sum(
            Decimal(summary["payableAmount"]["amount"])
            for summary in customer["consumptionSummaries"]
        )
        for customer in customers
    }

    assert told == billed_by_sub_account()


async def test_a_second_import_brings_nothing_new(
    graph: Graph, services: dict[str, RunningService], tenant_id: UUID
) -> None:
    before = await all_nodes(graph, SUMMARIES, principal=an_administrator(tenant_id))

    report = await import_sample(services["billing"], tenant_id)

    assert (report.new_count, report.known_count, report.skipped_count) == (0, 1000, 0)
    assert (report.created_customer_count, report.created_resource_count) == (0, 0)
    assert await all_nodes(graph, SUMMARIES, principal=an_administrator(tenant_id)) == before


async def all_nodes(graph: Graph, query: str, *, principal: Principal) -> list[dict[str, Any]]:
    """Give the nodes of all pages of the operation's only connection."""
    nodes: list[dict[str, Any]] = []
    after = None
    while True:
        data = await graph.data(query, principal=principal, after=after)
        (page,) = data.values()
        nodes += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
