"""Arguments of lists, derived from what their rpcs take."""

import pytest
import strawberry

from gateway.billing.accounts import ACCOUNTS
from gateway.billing.consumption import CONSUMPTION
from gateway.customers.customers import CUSTOMERS
from gateway.customers.resources import RESOURCES
from gateway.kit.arguments import ListArguments
from gateway.kit.contract import BindingRefused, rpcs
from gateway.kit.scalars import DateTime
from partner.customers.v1 import partners_pb2


def names(arguments: ListArguments) -> list[str]:
    return [str(argument.graphql_name) for argument in arguments.declare()]


def test_a_list_takes_what_its_request_has() -> None:
    assert names(ListArguments(CUSTOMERS["ListCustomers"])) == [
        "first",
        "after",
        "filter",
        "orderBy",
    ]


def test_what_the_gateway_fills_is_no_argument() -> None:
    batch = ListArguments(
        CONSUMPTION["BatchListConsumptionSummaries"],
        filled=("customer_ids",),
        names={"billing_cycle_from": "from"},
    )

    assert names(batch) == ["from", "billingCycleTo", "indirectPartnerId"]


def test_what_the_request_holds_beside_the_filter_is_an_argument_too() -> None:
    assert names(ListArguments(RESOURCES["ListResources"])) == [
        "first",
        "after",
        "filter",
        "orderBy",
        "customerId",
    ]


def test_a_time_beside_the_filter_must_be_given_as_one() -> None:
    account, time = ListArguments(ACCOUNTS["GetBalanceAt"]).declare()

    assert [str(one.type) for one in (account, time)] == [str(strawberry.ID), str(DateTime)]
    assert time.default is strawberry.UNSET


def test_what_is_neither_text_nor_id_has_no_argument() -> None:
    create = rpcs(partners_pb2.DESCRIPTOR, "PartnerService")["CreatePartner"]

    with pytest.raises(BindingRefused, match="kind has no argument"):
        ListArguments(create).declare()
