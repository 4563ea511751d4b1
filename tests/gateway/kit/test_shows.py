"""Declarations of types: held against the contract before anything is served."""

import pytest
import strawberry
from strawberry.types import get_object_definition

from gateway.billing.accounts import CustomerBalance
from gateway.billing.exports import BillingExport
from gateway.customers.account_managers import MANAGERS, AccountManager
from gateway.customers.customers import CUSTOMERS, Customer
from gateway.kit.contract import BindingRefused
from gateway.kit.fields import BoundField
from gateway.kit.nodes import One, one
from gateway.kit.shows import BY_MESSAGE, BY_PREFIX, LeafBinding, shown, shows
from gateway.schema import schema
from partner.customers.v1 import customers_pb2


def test_a_field_that_the_message_lacks_is_refused_with_both_names() -> None:
    with pytest.raises(
        BindingRefused, match=r"Frog\.croak: partner\.customers\.v1\.Customer has no field croak"
    ):

        @shows(customers_pb2.Customer)
        class Frog:
            croak: str


def test_a_node_is_got_by_an_rpc_that_gives_it() -> None:
    with pytest.raises(BindingRefused, match="BatchGetAccountManagers gives"):

        @shows(customers_pb2.Customer, get=MANAGERS["BatchGetAccountManagers"])
        class Frog:
            account_name: str


def test_a_node_is_got_by_a_list_of_things() -> None:
    with pytest.raises(BindingRefused, match="is not a list of one thing"):

        @shows(customers_pb2.Customer, get=CUSTOMERS["CountCustomers"])
        class Frog:
            account_name: str


def test_an_edge_follows_ids_of_its_target() -> None:
    with pytest.raises(BindingRefused, match="holds ids of 'ptr', not of 'mgr'"):
        One("partner_id").resolver(AccountManager, source=Customer, why="Customer.manager")


def test_an_edge_follows_a_field_that_is_there() -> None:
    with pytest.raises(BindingRefused, match="has no field frog_id"):

        @shows(customers_pb2.Customer)
        class Frog:
            frog: AccountManager | None = one("frog_id")


def test_an_edge_leads_to_what_shows_a_message() -> None:
    @strawberry.type
    class Pond:
        depth: int

    with pytest.raises(BindingRefused, match="Pond shows no message"):
        One("partner_id").resolver(Pond, source=Customer, why="Customer.pond")


def test_declarations_are_data_that_tell_how_each_field_is_got() -> None:
    fields = {
        field.python_name: field
        for field in get_object_definition(Customer, strict=True).fields
        if isinstance(field, BoundField)
    }

    name, manager = fields["name"].binding, fields["account_manager"].binding
    vouchers = fields["vouchers"].binding
    assert isinstance(name, LeafBinding)
    assert name.leaf.field.name == "name"
    assert manager == One("account_manager_id")
    assert vouchers is not None
    assert vouchers.batch.path == "/partner.billing.v1.VoucherService/BatchListVouchers"  # type: ignore[attr-defined]


def test_a_type_shows_what_its_interface_promises() -> None:
    fields = {
        field.python_name: getattr(getattr(field, "binding", None), "kind", None)
        for field in get_object_definition(BillingExport, strict=True).fields
    }

    assert fields["rows_done"] == fields["create_time"] == "leaf"
    assert fields["download_url"] == "computed"
    assert fields["id"] is None


def test_a_prefix_tells_the_type() -> None:
    assert schema.get_type_by_name("Customer") is not None
    assert BY_PREFIX["cus"] is shown(Customer, why="here")
    assert set(BY_PREFIX) == {
        "acc", "adj", "app", "con", "cpn", "ctr", "cus", "inc", "mem",
        "mgr", "pmt", "prg", "ptr", "quo", "res", "tup", "wdr",
        "exb", "exc", "exg", "exi",
    }  # fmt: skip


def test_what_is_said_about_a_thing_takes_not_its_place_as_a_node() -> None:
    balance = shown(CustomerBalance, why="here")

    assert balance.prefix == "cus"
    assert BY_PREFIX["cus"] is not balance
    assert balance.message.DESCRIPTOR.full_name not in BY_MESSAGE
