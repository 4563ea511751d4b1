"""Adjustments as clients see them: lists, edges, and what mutations ask and answer."""

from typing import Any

import grpc
import pytest

from partner.billing.v1 import adjustments_pb2
from partner.customers.v1 import customers_pb2
from services.billing.adjustments.model import AdjustmentInProgress
from services.billing.ledger.model import InsufficientBalance
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask, refusing

ASKED = {
    "customerId": messages.an_id("cus"),
    "targetPartnerId": messages.an_id("ptr"),
    "targetName": "云",
    "operationTypes": ["ALLOCATE", "UNBIND_RECLAIM"],
    "kind": "CREDIT",
    "operateTimeFrom": "2026-01-01T00:00:00Z",
    "operateTimeTo": "2026-02-01T00:00:00Z",
    "transactionId": messages.an_id("txn"),
    "indirectPartnerId": messages.an_id("ptr"),
}
CUSTOMER = messages.a_customer(name="云")
CUSTOMERS = messages.found(customers_pb2.BatchGetCustomersResponse, "customers", [CUSTOMER])
INPUT = {
    "requestId": "r-1",
    "target": {"customerId": CUSTOMER.id},
    "kind": "CASH",
    "amount": {"amount": "12.50", "currencyCode": "CNY"},
    "memo": "for spring",
}


async def test_adjustments_take_every_filter() -> None:
    made = messages.an_adjustment(customer_id=CUSTOMER.id, operator="finance")
    rpcs = Rpcs(
        ListAdjustments=adjustments_pb2.ListAdjustmentsResponse(adjustments=[made]),
        BatchGetCustomers=CUSTOMERS,
    )

    shown = await ask(
        """query ($filter: AdjustmentFilter) {
          adjustments(filter: $filter, orderBy: OPERATE_TIME_ASC) { nodes {
            id transactionId operationType kind amount { amount } operator memo
            customer { name } targetPartner { name }
          } }
        }""",
        rpcs=rpcs,
        filter=ASKED,
    )

    assert shown.errors == []
    assert shown.data["adjustments"]["nodes"] == [
        {
            "id": made.id,
            "transactionId": made.transaction_id,
            "operationType": "ALLOCATE",
            "kind": "CASH",
            "amount": {"amount": "20"},
            "operator": "finance",
            "memo": None,
            "customer": {"name": "云"},
            "targetPartner": None,
        }
    ]
    filters = rpcs.request("ListAdjustments").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(ASKED)


async def test_adjustments_below_customers_are_one_call_however_many_customers() -> None:
    rpcs = Rpcs(
        ListCustomers=messages.customers(30),
        BatchListAdjustments=messages.grouped(
            adjustments_pb2.BatchListAdjustmentsResponse, "adjustments", messages.an_adjustment
        ),
    )

    shown = await ask(
        "{ customers(first: 30) { nodes { adjustments(first: 2) { nodes { id } } } } }", rpcs=rpcs
    )

    assert shown.errors == []
    assert rpcs.counts == {"ListCustomers": 1, "BatchListAdjustments": 1}
    nodes = [one["adjustments"]["nodes"] for one in shown.data["customers"]["nodes"]]
    assert [len(one) for one in nodes] == [2] * 30


@pytest.mark.parametrize(("mutation", "rpc"), [("allocate", "Allocate"), ("reclaim", "Reclaim")])
async def test_an_adjustment_is_asked_for_as_it_is_said_and_shown(mutation: str, rpc: str) -> None:
    rpcs = Rpcs(
        **{rpc: messages.an_adjustment(customer_id=CUSTOMER.id)}, BatchGetCustomers=CUSTOMERS
    )
    verification = {"challengeId": messages.an_id("vch"), "code": "123456"}

    shown = await ask(
        f"""mutation ($input: {rpc}Input!) {{
          {mutation}(input: $input) {{
            adjustment {{ amount {{ amount }} customer {{ name }} }} userErrors {{ message }}
          }}
        }}""",
        rpcs=rpcs,
        input=INPUT | {"verification": verification},
    )

    assert shown.data[mutation] == {
        "adjustment": {"amount": {"amount": "20"}, "customer": {"name": "云"}},
        "userErrors": [],
    }
    request = rpcs.request(rpc)
    assert (request.request_id, request.target.customer_id) == ("r-1", CUSTOMER.id)
    assert not request.target.HasField("indirect_partner_id")
    assert (request.amount.amount, request.memo) == ("12.50", "for spring")
    assert request.verification.code == "123456"


async def test_a_batch_shows_a_result_for_each_target() -> None:
    response = adjustments_pb2.BatchAllocateResponse(
        results=[
            {"customer_id": CUSTOMER.id, "adjustment": messages.an_adjustment()},
            {
                "indirect_partner_id": messages.an_id("ptr"),
                "error": {"reason": "INDIRECT_PARTNER_FORBIDDEN", "message": "not yours"},
            },
        ]
    )
    rpcs = Rpcs(BatchAllocate=response, BatchGetCustomers=CUSTOMERS)
    targets = [{"customerId": CUSTOMER.id}, {"indirectPartnerId": messages.an_id("ptr")}]
    given: dict[str, Any] = {key: value for key, value in INPUT.items() if key != "target"}

    shown = await ask(
        """mutation ($input: BatchAllocateInput!) {
          batchAllocate(input: $input) {
            results { adjustment { kind } error { reason message } customer { name } }
          }
        }""",
        rpcs=rpcs,
        input=given | {"targets": targets},
    )

    assert shown.data["batchAllocate"]["results"] == [
        {"adjustment": {"kind": "CASH"}, "error": None, "customer": {"name": "云"}},
        {
            "adjustment": None,
            "error": {"reason": "INDIRECT_PARTNER_FORBIDDEN", "message": "not yours"},
            "customer": None,
        },
    ]
    asked = rpcs.request("BatchAllocate").targets
    assert [one.WhichOneof("_customer_id") is not None for one in asked] == [True, False]


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (
            InsufficientBalance("the account is short", available="3", required="12.5"),
            {
                "code": "INSUFFICIENT_BALANCE",
                "metadata": [
                    {"key": "available", "value": "3"},
                    {"key": "required", "value": "12.5"},
                ],
            },
        ),
        (
            AdjustmentInProgress("another adjustment is running"),
            {"code": "ADJUSTMENT_IN_PROGRESS", "metadata": []},
        ),
    ],
)
async def test_what_the_business_refuses_is_a_user_error(
    refusal: InsufficientBalance, expected: dict[str, Any]
) -> None:
    error: grpc.aio.AioRpcError = refusing(refusal, service="billing")

    shown = await ask(
        """mutation ($input: AllocateInput!) {
          allocate(input: $input) {
            adjustment { id }
            userErrors { metadata { key value } ... on BillingUserError { code } }
          }
        }""",
        rpcs=Rpcs(Allocate=error),
        input=INPUT,
    )

    assert shown.data["allocate"] == {"adjustment": None, "userErrors": [expected]}
