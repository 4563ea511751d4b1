"""Leaves: a field and its annotation agree, or the process does not start."""

from typing import Any

import pytest
import strawberry

from gateway.customers.customers import CustomerType, NewCustomerTag
from gateway.kit.contract import BindingRefused
from gateway.kit.leaves import leaf
from gateway.kit.money import Money
from gateway.kit.scalars import DateTime, Decimal
from gateway.kit.shapes import shape_of
from gateway.terms import AssociationType
from partner.billing.v1 import consumption_pb2
from partner.customers.v1 import customers_pb2, resources_pb2
from tests.builders.graph_messages import TIME, money

CUSTOMER = customers_pb2.Customer


def read(field: str, annotation: Any, message: Any) -> Any:
    descriptor = type(message).DESCRIPTOR.fields_by_name[field]
    return leaf(descriptor, shape_of(annotation, why="here"), why="here").read(message)


@pytest.mark.parametrize(
    ("field", "annotation", "message", "shown"),
    [
        ("account_name", str, CUSTOMER(account_name="李"), "李"),
        ("account_name", str, CUSTOMER(), ""),
        ("id", strawberry.ID, CUSTOMER(id="cus_1"), "cus_1"),
        ("name", str | None, CUSTOMER(name=""), ""),
        ("name", str | None, CUSTOMER(), None),
        ("tags", list[str], CUSTOMER(tags=["a", "b"]), ["a", "b"]),
        ("tags", list[str], CUSTOMER(), []),
        ("associate_time", DateTime, CUSTOMER(associate_time=TIME), "2026-05-28T20:26:40Z"),
        ("associate_time", DateTime | None, CUSTOMER(), None),
        ("association_type", AssociationType, CUSTOMER(association_type=2), 2),
        ("association_type", AssociationType | None, CUSTOMER(), None),
        ("month_to_date_spend", Money | None, CUSTOMER(), None),
        ("is_primary", bool, resources_pb2.Resource(), False),
        ("spec_size_measure_id", int | None, resources_pb2.Resource(), None),
        ("spec_size", Decimal | None, resources_pb2.Resource(spec_size={"value": "0.10"}), "0.10"),
        ("detail_count", int, consumption_pb2.ConsumptionSummary(detail_count=2**40), 2**40),
        ("amount", Decimal, money("0.1 CNY"), "0.1"),
    ],
)
def test_a_leaf_is_read_by_its_name(
    field: str, annotation: Any, message: Any, shown: object
) -> None:
    assert read(field, annotation, message) == shown


def test_a_nested_message_is_itself_the_source_of_its_type() -> None:
    tag = CUSTOMER.NewCustomerTag(effective_cycle="2026-01")

    assert read("new_customer_tag", NewCustomerTag | None, CUSTOMER(new_customer_tag=tag)) == tag


def test_a_number_that_the_contract_does_not_know_is_a_defect() -> None:
    with pytest.raises(KeyError):
        read("customer_type", CustomerType | None, CUSTOMER(customer_type=99))


@pytest.mark.parametrize(
    ("field", "annotation"),
    [
        ("account_name", int),
        ("account_name", strawberry.ID),
        ("id", str),
        ("associate_time", str),
        ("association_type", CustomerType),
        ("association_type", str),
        ("month_to_date_spend", str),
        ("month_to_date_spend", NewCustomerTag),
        ("tags", str),
        ("account_name", list[str]),
    ],
)
def test_another_kind_is_refused_with_both_names(field: str, annotation: Any) -> None:
    with pytest.raises(BindingRefused, match=rf"here: partner\.customers\.v1\.Customer\.{field}"):
        read(field, annotation, CUSTOMER())


@pytest.mark.parametrize(
    ("field", "annotation", "what"),
    [
        ("name", str, "may be unset"),
        ("account_name", str | None, "never null"),
        ("tags", list[str] | None, "never null"),
    ],
)
def test_null_is_possible_exactly_where_the_contract_has_it(
    field: str, annotation: Any, what: str
) -> None:
    with pytest.raises(BindingRefused, match=what):
        read(field, annotation, CUSTOMER())


@pytest.mark.parametrize("annotation", [str | int, list[str | None], list[list[str]]])
def test_what_no_field_can_hold_is_refused(annotation: Any) -> None:
    with pytest.raises(BindingRefused):
        shape_of(annotation, why="here")
