"""Inputs: bound to messages, checked when declared."""

import pytest
import strawberry
from strawberry import Maybe
from strawberry.types import get_object_definition

from gateway.billing import consumption, exports, voucher_quotas
from gateway.kit.contract import BindingRefused
from gateway.kit.errors import Failed
from gateway.kit.inputs import fill, input_of, taken, takes
from partner.billing.v1 import consumption_pb2, exports_pb2, voucher_quotas_pb2, vouchers_pb2
from partner.customers.v1 import customers_pb2


def test_an_input_is_found_by_its_message() -> None:
    declared = input_of(consumption_pb2.ConsumptionFilter.DESCRIPTOR)

    assert declared is taken(consumption.ConsumptionFilter)
    assert declared.requires
    assert input_of(customers_pb2.NewCustomer.DESCRIPTOR) is None


def test_a_message_of_one_of_several_fields_is_an_input_of_exactly_one() -> None:
    given = {"consumptionDetails": {"billingCycle": "2024-09"}}
    listed = exports_pb2.ExportedList()

    fill(listed, given, path="input.list")

    assert get_object_definition(exports.BillingExportedList, strict=True).is_one_of
    assert not get_object_definition(consumption.ConsumptionFilter, strict=True).is_one_of
    assert listed.WhichOneof("filter") == "consumption_details"


def test_nested_inputs_fill_nested_messages() -> None:
    request = voucher_quotas_pb2.GrantVoucherQuotaRequest()

    fill(
        request,
        {
            "faceTotal": {"amount": "5", "currencyCode": "USD"},
            "limits": [{"key": 2, "value1": "ecs", "value2": None}],
            "customerIds": [],
        },
        path="input",
    )

    assert request == voucher_quotas_pb2.GrantVoucherQuotaRequest(
        face_total={"amount": "5", "currency_code": "USD"},
        limits=[{"key": vouchers_pb2.LIMIT_KEY_SERVICE_TYPE, "value1": "ecs"}],
    )


def test_a_text_inside_that_is_none_is_told_by_its_whole_path() -> None:
    with pytest.raises(Failed) as failed:
        fill(
            voucher_quotas_pb2.GrantVoucherQuotaRequest(),
            {"limits": [{"key": 2, "value1": "\udfff"}]},
            path="input",
        )

    assert failed.value.extensions["field"] == "input.limits[0].value1"


@pytest.mark.parametrize(
    ("annotation", "what"),
    [
        (int, "of another kind"),
        (list[str], "differ in how many"),
        (str, "may be left out"),
    ],
)
def test_a_field_of_another_kind_is_refused(annotation: object, what: str) -> None:
    frog = type("FrogFilter", (), {"__annotations__": {"name": annotation}})

    with pytest.raises(BindingRefused, match=what):
        takes(customers_pb2.CustomerFilter)(frog)


def test_a_field_that_the_message_lacks_is_refused() -> None:
    with pytest.raises(BindingRefused, match=r"FrogFilter\.croak: .* has no field croak"):

        @takes(customers_pb2.CustomerFilter)
        class FrogFilter:
            croak: str | None


def test_an_update_has_a_mask() -> None:
    with pytest.raises(BindingRefused, match="has no update_mask"):

        @takes(vouchers_pb2.IssueVouchersRequest, resource="face_value")
        class FrogInput:
            amount: Maybe[str]


def test_an_update_changes_what_its_resource_has() -> None:
    with pytest.raises(BindingRefused, match="has no such field"):

        @takes(customers_pb2.UpdateCustomerRequest, resource="customer")
        class FrogInput:
            request_id: strawberry.ID
            croak: Maybe[str]


def test_slices_declare_an_input_for_every_filter_once() -> None:
    assert input_of(voucher_quotas_pb2.VoucherQuotaFilter.DESCRIPTOR) is taken(
        voucher_quotas.VoucherQuotaFilter
    )
