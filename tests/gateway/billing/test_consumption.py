"""Consumption as clients see it: details of a cycle and sums over months."""

import pytest
from graphql import parse, validate

from gateway.engine.reference import core_schema
from gateway.schema import schema
from partner.billing.v1 import consumption_pb2
from partner.type.v1 import terms_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask

DETAILS_ASKED = {
    "billingCycle": "2026-11",
    "customerId": messages.an_id("cus"),
    "customerName": "云",
    "accountName": "a",
    "partnerName": "p",
    "accountManagerName": "m",
    "tradeNumber": "t",
    "cloudResourceId": "vm-1",
    "resourceName": "r",
    "serviceTypeCode": "ecs",
    "associationType": "RESALE",
    "chargingMode": "SAVINGS_PLAN",
    "billTypes": ["USAGE", "PURCHASE"],
    "regionCode": "cn",
    "consumeDateFrom": "2026-11-01",
    "consumeDateTo": "2026-11-30",
    "indirectPartnerId": messages.an_id("ptr"),
    "accountManagerId": messages.an_id("mgr"),
}


async def test_details_take_every_filter_and_keep_every_decimal() -> None:
    detail = messages.a_detail(
        charging_mode=terms_pb2.CHARGING_MODE_PAY_PER_USE,
        usage_amount={"value": "0.25"},
        period_count=3,
    )
    rpcs = Rpcs(
        ListConsumptionDetails=consumption_pb2.ListConsumptionDetailsResponse(details=[detail])
    )

    shown = await ask(
        """query ($filter: ConsumptionFilter!) { consumptionDetails(filter: $filter) { nodes {
          billingCycle chargingMode billType usageAmount periodCount payableAmount { amount }
        } } }""",
        rpcs=rpcs,
        filter=DETAILS_ASKED,
    )

    assert shown.errors == []
    assert shown.data["consumptionDetails"]["nodes"] == [
        {
            "billingCycle": "2026-11",
            "chargingMode": "PAY_PER_USE",
            "billType": "USAGE",
            "usageAmount": "0.25",
            "periodCount": 3,
            "payableAmount": {"amount": "0.000000000000001"},
        }
    ]
    filters = rpcs.request("ListConsumptionDetails").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(DETAILS_ASKED)
    assert filters.consume_date_to.day == 30


async def test_sums_take_every_filter() -> None:
    summary = consumption_pb2.ConsumptionSummary(
        billing_cycle="2026-11",
        bill_type=consumption_pb2.SUMMARY_BILL_TYPE_NORMAL,
        payable_amount=messages.money("20.52022672899 USD"),
        detail_count=73,
    )
    rpcs = Rpcs(
        ListConsumptionSummaries=consumption_pb2.ListConsumptionSummariesResponse(
            summaries=[summary]
        )
    )
    asked = {
        "billingCycleFrom": "2026-10",
        "billingCycleTo": "2026-11",
        "customerId": messages.an_id("cus"),
        "customerName": "云",
        "accountName": "a",
        "accountManagerName": "m",
        "associationType": "ADVISORY",
        "indirectPartnerId": messages.an_id("ptr"),
        "accountManagerId": messages.an_id("mgr"),
    }

    shown = await ask(
        """query ($filter: ConsumptionSummaryFilter!) {
          consumptionSummaries(filter: $filter) { nodes {
            billType chargingMode serviceTypeCode payableAmount { amount } detailCount
          } }
        }""",
        rpcs=rpcs,
        filter=asked,
    )

    assert shown.errors == []
    assert shown.data["consumptionSummaries"]["nodes"] == [
        {
            "billType": "NORMAL",
            "chargingMode": None,
            "serviceTypeCode": None,
            "payableAmount": {"amount": "20.52022672899"},
            "detailCount": 73,
        }
    ]
    filters = rpcs.request("ListConsumptionSummaries").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(asked)


@pytest.mark.parametrize(
    "query",
    [
        "{ consumptionDetails { nodes { id } } }",
        "{ consumptionDetails(filter: {}) { nodes { id } } }",
        "{ customers { nodes { consumptionDetails { nodes { id } } } } }",
        '{ customers { nodes { consumptionSummaries(from: "2026-01") { billingCycle } } } }',
    ],
)
def test_the_months_must_be_named(query: str) -> None:
    [error] = validate(core_schema(schema), parse(query))

    assert "required" in error.message
