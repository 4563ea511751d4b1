"""Lists and their edges, as clients ask for them."""

from typing import Any

import pytest
import strawberry

from gateway.customers.customers import CUSTOMERS, Customer
from gateway.customers.resources import RESOURCES, Resource
from gateway.kit.contract import BindingRefused
from gateway.kit.lists import Listing, Single
from gateway.kit.many import Many
from gateway.kit.pages import Connection
from partner.billing.v1 import consumption_pb2, voucher_quotas_pb2, vouchers_pb2
from partner.customers.v1 import customers_pb2, resources_pb2
from services.kit.errors import InvalidArgument, NotFound
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask, refusing

CUSTOMER_360 = """
query ($first: Int!) {
  customers(first: $first) {
    nodes {
      name
      resources(first: 5) { nodes { cloudResourceId state } }
      consumptionDetails(first: 10, filter: {billingCycle: "2026-11"}) {
        nodes { payableAmount { amount currencyCode } }
      }
      vouchers(first: 3) { nodes { balance { amount } state } }
    }
  }
}
"""


def three_services(**others: Any) -> Rpcs:
    return Rpcs(
        **{
            "ListCustomers": messages.customers(100),
            "BatchListResources": messages.RESOURCES,
            "BatchListConsumptionDetails": messages.DETAILS,
            "BatchListVouchers": messages.VOUCHERS,
        }
        | others
    )


@pytest.mark.parametrize("first", [1, 5, 50, 100])
async def test_every_edge_is_one_rpc_however_many_customers_there_are(first: int) -> None:
    rpcs = three_services()

    shown = await ask(CUSTOMER_360, rpcs=rpcs, first=first)

    assert shown.errors == []
    assert len(shown.data["customers"]["nodes"]) == first
    assert rpcs.counts == dict.fromkeys(
        ("ListCustomers", "BatchListResources", "BatchListConsumptionDetails", "BatchListVouchers"),
        1,
    )
    assert len(rpcs.request("BatchListVouchers").customer_ids) == first


async def test_the_same_edge_asked_twice_alike_is_one_rpc_and_otherwise_two() -> None:
    rpcs = three_services()

    shown = await ask(
        """{ customers(first: 2) { nodes {
          a: vouchers(first: 3) { nodes { id } }
          b: vouchers(first: 3) { nodes { state } }
          c: vouchers(first: 4) { nodes { id } }
        } } }""",
        rpcs=rpcs,
    )

    assert shown.errors == []
    assert rpcs.counts["BatchListVouchers"] == 2


async def test_edges_below_edges_are_one_rpc_for_each_level() -> None:
    quota = messages.a_quota()
    voucher = messages.a_voucher(quota_id=quota.id)
    rpcs = three_services(
        BatchListVouchers=messages.grouped(
            vouchers_pb2.BatchListVouchersResponse,
            "vouchers",
            lambda: voucher,
        ),
        BatchGetVoucherQuotas=messages.found(
            voucher_quotas_pb2.BatchGetVoucherQuotasResponse, "quotas", [quota]
        ),
    )

    shown = await ask(
        """{ customers(first: 40) { nodes {
          vouchers(first: 2) { nodes { quota { balance { amount } } } }
        } } }""",
        rpcs=rpcs,
    )

    assert shown.errors == []
    assert rpcs.counts["BatchGetVoucherQuotas"] == 1
    assert list(rpcs.request("BatchGetVoucherQuotas").ids) == [quota.id]


async def test_arguments_fill_the_request_word_by_word() -> None:
    rpcs = three_services()

    shown = await ask(
        """{ customers(
          first: 7, orderBy: NAME_ASC,
          filter: {
            name: "云", associationType: ADVISORY, freezeState: ACCOUNT,
            associateTimeFrom: "2026-01-01T08:00:00.5+08:00",
            monthToDateSpendMin: {amount: "0.1", currencyCode: "CNY"}
          }
        ) { nodes { id } } }""",
        rpcs=rpcs,
    )

    assert shown.errors == []
    request = rpcs.request("ListCustomers")
    assert request.page_size == 7
    assert request.order_by == customers_pb2.CUSTOMER_ORDER_NAME_ASC
    assert request.filter.name == "云"
    assert request.filter.freeze_state == customers_pb2.FREEZE_STATE_ACCOUNT
    assert request.filter.associate_time_from.ToJsonString() == "2026-01-01T00:00:00.500Z"
    assert request.filter.month_to_date_spend_min == messages.money("0.1 CNY")
    assert not request.filter.HasField("mobile")


async def test_a_page_is_twenty_unless_said_otherwise() -> None:
    rpcs = three_services()

    await ask("{ customers { nodes { id } } }", rpcs=rpcs)

    assert rpcs.request("ListCustomers").page_size == 20


@pytest.mark.parametrize("first", [-1, 0, 101, 2**31 - 1])
async def test_first_out_of_bounds_is_refused_by_name(first: int) -> None:
    rpcs = three_services()

    shown = await ask(
        "query ($first: Int!) { customers(first: $first) { nodes { id } } }",
        rpcs=rpcs,
        first=first,
    )

    assert shown.data == {"customers": None}
    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "first"}
    assert not rpcs.asked


async def test_cursors_are_asked_of_the_service_only_where_they_are_selected() -> None:
    rpcs = three_services()

    await ask("{ customers { nodes { id } pageInfo { hasNextPage } } }", rpcs=rpcs)
    await ask(
        """{ customers { ...Page } }
        fragment Page on CustomerConnection { ...Ends }
        fragment Ends on CustomerConnection { pageInfo { ... { endCursor } } }""",
        rpcs=rpcs,
    )

    assert [each.with_item_tokens for each in rpcs.requests("ListCustomers")] == [False, True]


async def test_cursors_are_the_page_tokens_of_the_service() -> None:
    one, two = messages.a_customer(), messages.a_customer()
    rpcs = Rpcs(
        ListCustomers=customers_pb2.ListCustomersResponse(
            customers=[one, two], next_page_token="t2", item_tokens=["t1", "t2"]
        )
    )

    shown = await ask(
        """{ customers(after: "t0") {
          edges { cursor node { id } }
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        } }""",
        rpcs=rpcs,
    )

    assert rpcs.request("ListCustomers").page_token == "t0"
    assert shown.data["customers"] == {
        "edges": [
            {"cursor": "t1", "node": {"id": one.id}},
            {"cursor": "t2", "node": {"id": two.id}},
        ],
        "pageInfo": {
            "hasNextPage": True,
            "hasPreviousPage": True,
            "startCursor": "t1",
            "endCursor": "t2",
        },
    }


async def test_edges_without_cursors_need_no_tokens() -> None:
    rpcs = three_services(ListCustomers=messages.customers(2))

    shown = await ask(
        "{ customers { edges { node { name } } pageInfo { hasNextPage } } }", rpcs=rpcs
    )

    assert len(shown.data["customers"]["edges"]) == 2
    assert not rpcs.request("ListCustomers").with_item_tokens


async def test_the_total_is_counted_only_where_it_is_asked_for() -> None:
    rpcs = three_services(CountCustomers=customers_pb2.CountCustomersResponse(total_count=137))

    without = await ask("{ customers { nodes { id } } }", rpcs=rpcs)
    shown = await ask('{ customers(filter: {name: "云"}) { totalCount } }', rpcs=rpcs)

    assert without.errors == []
    assert shown.data == {"customers": {"totalCount": 137}}
    assert rpcs.request("CountCustomers").filter.name == "云"


async def test_a_wrong_cursor_is_told_by_the_argument_s_name() -> None:
    refusal = InvalidArgument("is not a token of this list", field="page_token")
    rpcs = Rpcs(ListCustomers=refusing(refusal, service="customers"))

    shown = await ask('{ customers(after: "x") { nodes { id } } }', rpcs=rpcs)

    assert shown.errors[0]["message"] == "is not a token of this list"
    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "after"}


async def test_a_wrong_filter_is_told_by_its_path_in_the_graph() -> None:
    refusal = InvalidArgument(
        "must not be before filter.associate_time_from", field="filter.associate_time_to"
    )
    rpcs = Rpcs(ListCustomers=refusing(refusal, service="customers"))

    shown = await ask("{ customers { nodes { id } } }", rpcs=rpcs)

    assert shown.errors[0]["message"] == "must not be before filter.associateTimeFrom"
    assert shown.extensions["field"] == "filter.associateTimeTo"


async def test_a_list_below_one_parent_goes_on_by_the_list_rpc() -> None:
    customer = messages.a_customer()
    rpcs = Rpcs(
        BatchGetCustomers=messages.found(
            customers_pb2.BatchGetCustomersResponse, "customers", [customer]
        ),
        ListResources=resources_pb2.ListResourcesResponse(resources=[messages.a_resource()]),
        ListVouchers=vouchers_pb2.ListVouchersResponse(vouchers=[messages.a_voucher()]),
    )

    shown = await ask(
        """query ($id: ID!) { customer(by: {id: $id}) {
          resources(first: 3, after: "r", orderBy: EXPIRE_TIME_DESC, filter: {regionCode: "cn"}) {
            nodes { id } pageInfo { hasPreviousPage endCursor }
          }
          vouchers(after: "v", filter: {states: [USABLE]}) { nodes { id } }
        } }""",
        rpcs=rpcs,
        id=customer.id,
    )

    assert shown.errors == []
    assert shown.data["customer"]["resources"]["pageInfo"]["hasPreviousPage"] is True
    resources = rpcs.request("ListResources")
    assert (resources.customer_id, resources.page_size, resources.page_token) == (
        customer.id,
        3,
        "r",
    )
    assert resources.order_by == resources_pb2.RESOURCE_ORDER_EXPIRE_TIME_DESC
    assert (resources.filter.region_code, resources.with_item_tokens) == ("cn", True)
    vouchers = rpcs.request("ListVouchers")
    assert (vouchers.filter.customer_id, vouchers.page_token) == (customer.id, "v")
    assert list(vouchers.filter.states) == [vouchers_pb2.VOUCHER_STATE_USABLE]


async def test_one_cursor_can_not_go_on_below_many_parents() -> None:
    rpcs = three_services()

    shown = await ask(
        '{ customers(first: 2) { nodes { resources(after: "x") { nodes { id } } } } }', rpcs=rpcs
    )

    assert [error["path"] for error in shown.errors] == [
        ["customers", "nodes", 0, "resources"],
        ["customers", "nodes", 1, "resources"],
    ]
    assert shown.errors[0]["extensions"] == {"code": "BAD_USER_INPUT", "field": "after"}
    assert rpcs.counts == {"ListCustomers": 1}


async def test_a_nested_filter_can_not_name_another_parent() -> None:
    rpcs = three_services()

    shown = await ask(
        """query ($id: ID!) { customers(first: 1) { nodes {
          vouchers(filter: {customerId: $id}) { nodes { id } }
        } } }""",
        rpcs=rpcs,
        id=messages.an_id("cus"),
    )

    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "filter.customerId"}


async def test_lists_without_pages_take_their_own_arguments() -> None:
    rpcs = three_services(BatchListConsumptionSummaries=summaries)

    shown = await ask(
        """{ customers(first: 2) { nodes {
          consumptionSummaries(from: "2026-01", to: "2026-11") {
            billingCycle payableAmount { amount }
          }
        } } }""",
        rpcs=rpcs,
    )

    assert shown.errors == []
    assert shown.data["customers"]["nodes"][1]["consumptionSummaries"] == [
        {"billingCycle": "2026-11", "payableAmount": {"amount": "3"}}
    ]
    request = rpcs.request("BatchListConsumptionSummaries")
    assert (request.billing_cycle_from, request.billing_cycle_to) == ("2026-01", "2026-11")


async def test_a_renamed_argument_is_told_by_the_graph_s_name() -> None:
    refusal = InvalidArgument("must not be before billing_cycle_from", field="billing_cycle_to")
    rpcs = three_services(BatchListConsumptionSummaries=refusing(refusal, service="billing"))

    shown = await ask(
        """{ customers(first: 1) { nodes {
          consumptionSummaries(from: "2026-11", to: "2026-01") { billingCycle }
        } } }""",
        rpcs=rpcs,
    )

    assert shown.errors[0]["message"] == "must not be before from"
    assert shown.extensions["field"] == "to"


async def test_a_list_of_what_is_not_in_scope_is_not_found() -> None:
    rpcs = Rpcs(ListCustomers=refusing(NotFound("customer not found"), service="customers"))

    shown = await ask("{ customers { nodes { id } } }", rpcs=rpcs)

    assert shown.extensions == {"code": "NOT_FOUND"}


def test_an_edge_shows_what_its_rpc_gives() -> None:
    edge = Many(RESOURCES["BatchListResources"], RESOURCES["ListResources"])

    with pytest.raises(BindingRefused, match=r"Frog.ponds: .*customers.v1.Resource"):
        edge.resolver(Customer, source=Customer, why="Frog.ponds")


def test_an_edge_is_of_the_type_whose_ids_its_rpc_takes() -> None:
    edge = Many(RESOURCES["BatchListResources"], RESOURCES["ListResources"])

    with pytest.raises(BindingRefused, match="not about Resource"):
        edge.resolver(Resource, source=Resource, why="Frog.ponds")


def test_pages_need_an_rpc_that_goes_on() -> None:
    edge = Many(RESOURCES["BatchListResources"])

    with pytest.raises(BindingRefused, match="has pages"):
        edge.resolver(Resource, source=Customer, why="Customer.resources")


def test_a_batch_rpc_takes_the_ids_of_parents() -> None:
    with pytest.raises(BindingRefused, match="many parents"):
        _ = Many(CUSTOMERS["ListCustomers"]).parents


def test_a_root_list_shows_what_its_rpc_gives() -> None:
    @strawberry.type
    class Root:
        customers: Connection[Resource]

    target = Connection[Resource]

    with pytest.raises(BindingRefused, match=r"Root\.customers"):
        Listing(CUSTOMERS["ListCustomers"]).resolver(
            strawberry.annotation.StrawberryAnnotation(target).resolve(),
            source=Root,
            why="Root.customers",
        )


def test_a_single_shows_its_response() -> None:
    with pytest.raises(BindingRefused, match="does not give Customer"):
        Single(CUSTOMERS["CountCustomers"]).resolver(Customer, source=Customer, why="Root.sum")


def summaries(request: Any) -> Any:
    return consumption_pb2.BatchListConsumptionSummariesResponse(
        groups=[
            {
                "customer_id": key,
                "summaries": [
                    {"billing_cycle": "2026-11", "payable_amount": messages.money("3 USD")}
                ],
            }
            for key in request.customer_ids
        ]
    )
