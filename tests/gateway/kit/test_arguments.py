"""Arguments of lists, derived from what their rpcs take."""

import pytest

from gateway.billing.consumption import CONSUMPTION
from gateway.customers.customers import CUSTOMERS
from gateway.customers.resources import RESOURCES
from gateway.kit.arguments import ListArguments
from gateway.kit.contract import BindingRefused, rpcs
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

    assert names(batch) == ["from", "billingCycleTo"]


def test_ids_and_messages_have_no_plain_argument() -> None:
    with pytest.raises(BindingRefused, match=r"ListResources: .*customer_id has no argument"):
        ListArguments(RESOURCES["ListResources"]).declare()


def test_words_that_no_enum_shows_are_refused() -> None:
    create = rpcs(partners_pb2.DESCRIPTOR, "PartnerService")["CreatePartner"]

    with pytest.raises(BindingRefused, match="kind has no argument"):
        ListArguments(create).declare()
