"""Finding one thing by whichever name the client has for it."""

import pytest

from gateway.customers.account_managers import MANAGERS
from gateway.customers.customers import Customer, CustomerBy
from gateway.kit.choices import By
from gateway.kit.contract import BindingRefused
from partner.customers.v1 import customers_pb2
from services.kit.errors import InvalidArgument
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask, refusing

BY_MOBILE = "query ($mobile: String!) { customer(by: {mobile: $mobile}) { name } }"


def listed(*customers: customers_pb2.Customer) -> customers_pb2.ListCustomersResponse:
    return customers_pb2.ListCustomersResponse(customers=customers)


async def test_a_customer_is_found_by_its_id_through_the_batch_rpc() -> None:
    customer = messages.a_customer(name="云")
    rpcs = Rpcs(
        BatchGetCustomers=messages.found(
            customers_pb2.BatchGetCustomersResponse, "customers", [customer]
        )
    )

    shown = await ask(
        "query ($id: ID!) { customer(by: {id: $id}) { name } }", rpcs=rpcs, id=customer.id
    )

    assert shown.data == {"customer": {"name": "云"}}


async def test_a_customer_is_found_by_an_exact_condition() -> None:
    rpcs = Rpcs(ListCustomers=listed(messages.a_customer(name="云")))

    shown = await ask(BY_MOBILE, rpcs=rpcs, mobile="13800000000")

    assert shown.data == {"customer": {"name": "云"}}
    request = rpcs.request("ListCustomers")
    assert (request.filter.mobile, request.page_size) == ("13800000000", 2)


async def test_nothing_found_is_null() -> None:
    shown = await ask(BY_MOBILE, rpcs=Rpcs(ListCustomers=listed()), mobile="1")

    assert (shown.data, shown.errors) == ({"customer": None}, [])


async def test_a_name_of_several_is_refused() -> None:
    rpcs = Rpcs(ListCustomers=listed(messages.a_customer(), messages.a_customer()))

    shown = await ask(BY_MOBILE, rpcs=rpcs, mobile="1")

    assert shown.extensions == {"code": "CONFLICT", "field": "by.mobile"}


async def test_a_wrong_value_is_told_by_the_argument_s_name() -> None:
    refusal = InvalidArgument("must not be blank", field="filter.mobile")
    rpcs = Rpcs(ListCustomers=refusing(refusal, service="customers"))

    shown = await ask(BY_MOBILE, rpcs=rpcs, mobile=" ")

    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "by.mobile"}


async def test_a_malformed_id_is_told_by_the_argument_s_name() -> None:
    shown = await ask('{ customer(by: {id: "x"}) { name } }', rpcs=Rpcs())

    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "by.id"}


def test_names_are_conditions_of_the_list() -> None:
    with pytest.raises(BindingRefused, match="has no field mobile"):
        By(CustomerBy, MANAGERS["ListAccountManagers"]).resolver(
            Customer, source=Customer, why="Query.customer"
        )
