"""Finding things by their ids."""

import grpc
import pytest

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from partner.customers.v1 import account_managers_pb2, customers_pb2
from services.kit.errors import PermissionDenied
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask, failing, refusing


def found_customers(*customers: customers_pb2.Customer) -> object:
    return messages.found(customers_pb2.BatchGetCustomersResponse, "customers", customers)


async def test_nodes_of_one_type_are_one_rpc_and_come_in_the_order_asked() -> None:
    one, two = messages.a_customer(name="One"), messages.a_customer(name="Two")
    voucher = messages.a_voucher()
    rpcs = Rpcs(
        BatchGetCustomers=found_customers(one, two),
        BatchGetVouchers=messages.found(
            vouchers_pb2.BatchGetVouchersResponse, "vouchers", [voucher]
        ),
    )
    missing = messages.an_id("cus")

    shown = await ask(
        """query ($ids: [ID!]!) {
          nodes(ids: $ids) { __typename id ... on Customer { name } ... on Voucher { state } }
        }""",
        rpcs=rpcs,
        ids=[two.id, voucher.id, missing, one.id, two.id],
    )

    assert shown.errors == []
    assert shown.data["nodes"] == [
        {"__typename": "Customer", "id": two.id, "name": "Two"},
        {"__typename": "Voucher", "id": voucher.id, "state": "USABLE"},
        None,
        {"__typename": "Customer", "id": one.id, "name": "One"},
        {"__typename": "Customer", "id": two.id, "name": "Two"},
    ]
    assert list(rpcs.request("BatchGetCustomers").ids) == [two.id, missing, one.id]


@pytest.mark.parametrize(
    "id_",
    ["", "x", "cus_", "cus_x", "cus_01m85r8wxme09v868mdp09p85", "CUS_01m85r8wxme09v868mdp09p85h"],
)
async def test_what_is_no_id_is_refused_before_any_call(id_: str) -> None:
    rpcs = Rpcs()

    shown = await ask("query ($id: ID!) { node(id: $id) { id } }", rpcs=rpcs, id=id_)

    if not id_.startswith("CUS"):
        assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "id"}
    assert shown.data == {"node": None}
    assert not rpcs.asked


async def test_a_malformed_id_among_many_is_named_by_its_place() -> None:
    shown = await ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        rpcs=Rpcs(),
        ids=[messages.an_id("cus"), "x"],
    )

    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "ids[1]"}


async def test_too_many_ids_are_refused() -> None:
    shown = await ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        rpcs=Rpcs(),
        ids=[messages.an_id("cus")] * 101,
    )

    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "ids"}


async def test_an_id_of_no_known_type_is_null() -> None:
    shown = await ask(
        "query ($id: ID!) { node(id: $id) { id } }", rpcs=Rpcs(), id=messages.an_id("frg")
    )

    assert (shown.data, shown.errors) == ({"node": None}, [])


async def test_a_root_field_of_one_type_takes_its_ids_only() -> None:
    shown = await ask(
        "query ($id: ID!) { partner(id: $id) { name } }", rpcs=Rpcs(), id=messages.an_id("cus")
    )

    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "id"}


async def test_an_edge_to_one_thing_asks_for_each_once_and_is_null_without_an_id() -> None:
    manager = messages.an_account_manager(name="李明")
    with_manager = [messages.a_customer(account_manager_id=manager.id) for _ in range(3)]
    rpcs = Rpcs(
        ListCustomers=customers_pb2.ListCustomersResponse(
            customers=[*with_manager, messages.a_customer()]
        ),
        BatchGetAccountManagers=messages.found(
            account_managers_pb2.BatchGetAccountManagersResponse, "account_managers", [manager]
        ),
    )

    shown = await ask("{ customers { nodes { accountManager { name } } } }", rpcs=rpcs)

    assert [node["accountManager"] for node in shown.data["customers"]["nodes"]] == [
        *[{"name": "李明"}] * 3,
        None,
    ]
    assert list(rpcs.request("BatchGetAccountManagers").ids) == [manager.id]


async def test_an_edge_to_several_things_leaves_out_those_not_in_scope() -> None:
    one, two = messages.a_customer(name="One"), messages.a_customer(name="Two")
    quotas = [
        messages.a_quota(customer_ids=[one.id, two.id]),
        messages.a_quota(customer_ids=[two.id, messages.an_id("cus")]),
        messages.a_quota(),
    ]
    rpcs = Rpcs(
        ListVoucherQuotas=voucher_quotas_pb2.ListVoucherQuotasResponse(quotas=quotas),
        BatchGetCustomers=found_customers(one, two),
    )

    shown = await ask("{ voucherQuotas { nodes { customers { name } } } }", rpcs=rpcs)

    assert shown.errors == []
    assert [node["customers"] for node in shown.data["voucherQuotas"]["nodes"]] == [
        [{"name": "One"}, {"name": "Two"}],
        [{"name": "Two"}],
        [],
    ]
    assert rpcs.counts["BatchGetCustomers"] == 1


async def test_a_service_that_is_down_nulls_its_edges_and_leaves_the_rest() -> None:
    rpcs = Rpcs(
        ListCustomers=messages.customers(2, name="云"),
        BatchListResources=messages.RESOURCES,
        BatchListVouchers=failing(grpc.StatusCode.UNAVAILABLE, "connect 10.0.0.7:50052"),
    )

    shown = await ask(
        """{ customers { nodes {
          name resources { nodes { state } } vouchers { nodes { state } }
        } } }""",
        rpcs=rpcs,
    )

    assert (
        shown.data["customers"]["nodes"]
        == [
            {
                "name": "云",
                "resources": {"nodes": [{"state": "ACTIVE"}, {"state": "ACTIVE"}]},
                "vouchers": None,
            }
        ]
        * 2
    )
    assert [(error["message"], error["path"], error["extensions"]) for error in shown.errors] == [
        (
            "The billing service is unavailable.",
            ["customers", "nodes", index, "vouchers"],
            {"code": "SERVICE_UNAVAILABLE", "service": "billing"},
        )
        for index in range(2)
    ]
    assert rpcs.counts["BatchListVouchers"] == 1


async def test_what_a_role_may_not_see_is_an_error_of_its_field() -> None:
    denied = PermissionDenied("your role may not do this", role="CUSTOMER")
    rpcs = Rpcs(
        ListCustomers=messages.customers(1, partner_id=messages.an_id("ptr")),
        BatchGetPartners=refusing(denied, service="customers"),
    )

    shown = await ask("{ customers { nodes { id partner { name } } } }", rpcs=rpcs)

    assert shown.data["customers"]["nodes"][0]["partner"] is None
    assert shown.extensions == {"code": "FORBIDDEN", "metadata": {"role": "CUSTOMER"}}


async def test_the_inside_of_a_service_is_never_shown() -> None:
    rpcs = Rpcs(ListCustomers=failing(grpc.StatusCode.INTERNAL, "select * from secrets"))

    shown = await ask("{ customers { nodes { id } } }", rpcs=rpcs)

    assert shown.errors[0]["message"] == "An internal error occurred."
    assert shown.extensions == {"code": "INTERNAL", "requestId": "r"}


async def test_a_value_that_is_missing_where_the_contract_promises_it_nulls_as_far_as_needed() -> (
    None
):
    rpcs = Rpcs(
        ListCustomers=messages.customers(2),
        BatchListVouchers=messages.grouped(
            vouchers_pb2.BatchListVouchersResponse,
            "vouchers",
            vouchers_pb2.Voucher,
        ),
    )

    shown = await ask(
        "{ customers(first: 1) { nodes { id vouchers { nodes { faceValue { amount } } } } } }",
        rpcs=rpcs,
    )

    assert shown.data["customers"]["nodes"][0]["vouchers"] is None
    assert shown.errors[0]["path"] == [
        "customers", "nodes", 0, "vouchers", "nodes", 0, "faceValue",
    ]  # fmt: skip
