"""What is read from the contract."""

import pytest

from gateway.customers.customers import CUSTOMERS, CustomerType
from gateway.kit.contract import BindingRefused, camel, comment, description_of, repeated_message
from gateway.kit.words import numbers_by_word, words_of
from partner.billing.v1 import consumption_pb2, vouchers_pb2
from partner.customers.v1 import customers_pb2


def test_an_rpc_knows_where_it_goes_and_what_it_takes() -> None:
    rpc = CUSTOMERS["ListCustomers"]

    assert rpc.service == "customers"
    assert rpc.path == "/partner.customers.v1.CustomerService/ListCustomers"
    assert (rpc.request, rpc.response) == (
        customers_pb2.ListCustomersRequest,
        customers_pb2.ListCustomersResponse,
    )
    assert rpc.takes("page_size")
    with pytest.raises(BindingRefused, match=r"ListCustomers: .* has no field frog"):
        rpc.request_field("frog")


def test_comments_of_the_contract_describe_the_graph() -> None:
    assert description_of(vouchers_pb2.Voucher.DESCRIPTOR) == (
        "Cash-equivalent of restricted use, issued by a partner to a customer (代金券)."
    )
    assert description_of(vouchers_pb2.Voucher.DESCRIPTOR.fields_by_name["memo"]) == (
        "Seen by the issuer only (备注)."
    )


def test_descriptions_speak_the_graph_s_words() -> None:
    field = consumption_pb2.ListConsumptionDetailsRequest.DESCRIPTOR.fields_by_name["filter"]

    assert description_of(field) == "What to narrow by; billingCycle is required."


def test_our_own_papers_are_not_mentioned() -> None:
    assert comment("partner.billing.v1.UseLimit") == (
        "A restriction on the use of a quota or voucher (使用限制)."
    )
    assert comment("partner.billing.v1.VoucherQuotaService") == (
        "Amounts out of which vouchers are issued (代金券额度)."
    )


def test_what_has_no_comment_is_not_described() -> None:
    assert comment("partner.frogs.v1.Frog") == ""


def test_paths_become_camel_case_piece_by_piece() -> None:
    assert camel("filter.associate_time_from") == "filter.associateTimeFrom"
    assert camel("customer_ids[3]") == "customerIds[3]"


def test_a_response_with_two_lists_is_no_list() -> None:
    with pytest.raises(BindingRefused, match="not a list of one thing"):
        repeated_message(consumption_pb2.ImportConsumptionResponse, why="here")


def test_words_are_the_contract_s_without_prefix_and_without_the_unspecified() -> None:
    assert words_of(customers_pb2.CustomerType.DESCRIPTOR) is CustomerType
    assert numbers_by_word(CustomerType) == {"PERSON": 1, "ENTERPRISE": 2}
