"""Mutations: what is sent, what is answered, what is refused and how."""

import grpc
import pytest

from gateway.billing.vouchers import VOUCHERS, IssueVouchersInput
from gateway.customers.customers import CUSTOMERS, Customer
from gateway.kit.contract import BindingRefused
from gateway.kit.writes import Payload, Write, answers
from partner.billing.v1 import vouchers_pb2
from partner.customers.v1 import customers_pb2
from services.kit.errors import (
    InvalidArgument,
    PermissionDenied,
    Refusal,
    RequestIdReused,
    ResourceExhausted,
)
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, Shown, ask, failing, refusing

ISSUE = """
mutation ($input: IssueVouchersInput!) {
  issueVouchers(input: $input) {
    results { customer { name } voucher { faceValue { amount } } error { reason message } }
    userErrors { message field metadata { key value } ... on BillingUserError { code } }
  }
}
"""


class QuotaInsufficient(Refusal):
    pass


class FrogTooWet(Refusal):
    pass


def an_input(**others: object) -> dict[str, object]:
    return {
        "requestId": "r-1",
        "quotaId": messages.an_id("quo"),
        "customerIds": [messages.an_id("cus")],
        "faceValue": {"amount": "12.30", "currencyCode": "USD"},
    } | others


async def issue(answer: object, **others: object) -> tuple[Shown, Rpcs]:
    rpcs = Rpcs(IssueVouchers=answer)  # type: ignore[arg-type]
    return await ask(ISSUE, rpcs=rpcs, input=an_input(**others)), rpcs


async def test_an_input_becomes_the_request_and_the_response_the_payload() -> None:
    customer = messages.a_customer(name="云")
    refused = messages.a_customer(name="水")
    rpcs = Rpcs(
        IssueVouchers=vouchers_pb2.IssueVouchersResponse(
            results=[
                {"customer_id": customer.id, "voucher": messages.a_voucher()},
                {
                    "customer_id": refused.id,
                    "error": {"reason": "ADVISORY_NOT_ALLOWED", "message": "no vouchers"},
                },
            ]
        ),
        BatchGetCustomers=messages.found(
            customers_pb2.BatchGetCustomersResponse, "customers", [customer, refused]
        ),
    )

    shown = await ask(
        ISSUE,
        rpcs=rpcs,
        input=an_input(
            customerIds=[customer.id, refused.id],
            expireTime="2027-01-01T00:00:00Z",
            serviceTypeCodes=["ecs"],
            memo=None,
        ),
    )

    assert shown.errors == []
    assert shown.data["issueVouchers"] == {
        "results": [
            {"customer": {"name": "云"}, "voucher": {"faceValue": {"amount": "20"}}, "error": None},
            {
                "customer": {"name": "水"},
                "voucher": None,
                "error": {"reason": "ADVISORY_NOT_ALLOWED", "message": "no vouchers"},
            },
        ],
        "userErrors": [],
    }
    request = rpcs.request("IssueVouchers")
    assert request.request_id == "r-1"
    assert list(request.customer_ids) == [customer.id, refused.id]
    assert request.face_value == messages.money("12.30 USD")
    assert request.expire_time.ToJsonString() == "2027-01-01T00:00:00Z"
    assert not request.HasField("effective_time")
    assert not request.HasField("memo")
    assert rpcs.timeouts[0] == 10


async def test_a_refusal_of_the_business_is_data() -> None:
    refusal = QuotaInsufficient("the quota is short", available="5", required="10")

    shown, _ = await issue(refusing(refusal, service="billing"))

    assert shown.errors == []
    assert shown.data["issueVouchers"] == {
        "results": None,
        "userErrors": [
            {
                "message": "the quota is short",
                "field": None,
                "metadata": [
                    {"key": "available", "value": "5"},
                    {"key": "required", "value": "10"},
                ],
                "code": "QUOTA_INSUFFICIENT",
            }
        ],
    }


async def test_every_malformed_field_is_a_user_error_with_its_path_in_the_input() -> None:
    refusal = InvalidArgument.many(
        [
            ("face_value.amount", "must be above 0"),
            ("customer_ids[0]", "must be an id like cus_…"),
            ("expire_time", "must be after effective_time"),
        ]
    )

    shown, _ = await issue(refusing(refusal, service="billing"))

    assert [
        (each["field"], each["message"], each["code"])
        for each in shown.data["issueVouchers"]["userErrors"]
    ] == [
        ("input.faceValue.amount", "must be above 0", "INVALID_ARGUMENT"),
        ("input.customerIds[0]", "must be an id like cus_…", "INVALID_ARGUMENT"),
        ("input.expireTime", "must be after input.effectiveTime", "INVALID_ARGUMENT"),
    ]


async def test_a_request_id_with_another_body_is_a_user_error() -> None:
    refusal = RequestIdReused("was used for another request", field="request_id")

    shown, _ = await issue(refusing(refusal, service="billing"))

    [error] = shown.data["issueVouchers"]["userErrors"]
    assert error["code"] == "REQUEST_ID_REUSED"
    assert error["message"] == "was used for another request"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refusing(PermissionDenied("your role may not do this"), service="billing"), "FORBIDDEN"),
        (refusing(ResourceExhausted("too much at once"), service="billing"), "THROTTLED"),
        (refusing(FrogTooWet("new"), service="billing"), "CONFLICT"),
        (failing(grpc.StatusCode.UNAVAILABLE), "SERVICE_UNAVAILABLE"),
        (failing(grpc.StatusCode.DEADLINE_EXCEEDED), "DEADLINE_EXCEEDED"),
        (failing(grpc.StatusCode.UNKNOWN), "INTERNAL"),
        (RuntimeError("secret"), "INTERNAL"),
    ],
)
async def test_what_no_user_can_mend_is_an_error_of_the_field(error: Exception, code: str) -> None:
    shown, _ = await issue(error)

    assert shown.data == {"issueVouchers": None}
    assert shown.extensions["code"] == code


async def test_a_text_that_is_none_is_told_by_its_path() -> None:
    shown, rpcs = await issue(RuntimeError(), memo="\ud800")

    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "input.memo"}
    assert not rpcs.asked


UPDATE = """
mutation ($input: UpdateCustomerInput!) {
  updateCustomer(input: $input) {
    customer { tags }
    userErrors { field ... on CustomerUserError { code } }
  }
}
"""


@pytest.mark.parametrize(("tags", "sent"), [(["a", "b"], ["a", "b"]), (None, []), ([], [])])
async def test_an_update_sends_what_was_given_and_its_mask(
    tags: list[str] | None, sent: list[str]
) -> None:
    customer = messages.a_customer(tags=sent)
    rpcs = Rpcs(UpdateCustomer=customer)

    shown = await ask(UPDATE, rpcs=rpcs, input={"requestId": "r", "id": customer.id, "tags": tags})

    assert shown.data["updateCustomer"] == {"customer": {"tags": sent}, "userErrors": []}
    request = rpcs.request("UpdateCustomer")
    assert request == customers_pb2.UpdateCustomerRequest(
        request_id="r",
        customer={"id": customer.id, "tags": sent},
        update_mask={"paths": ["tags"]},
    )


async def test_an_update_of_nothing_is_refused() -> None:
    shown = await ask(UPDATE, rpcs=Rpcs(), input={"requestId": "r", "id": messages.an_id("cus")})

    assert shown.extensions == {"code": "BAD_USER_INPUT", "field": "input"}


async def test_an_update_s_fields_are_named_as_the_input_has_them() -> None:
    refusal = InvalidArgument("must be at most 20", field="customer.tags")
    rpcs = Rpcs(UpdateCustomer=refusing(refusal, service="customers"))

    shown = await ask(
        UPDATE, rpcs=rpcs, input={"requestId": "r", "id": messages.an_id("cus"), "tags": ["a"]}
    )

    assert shown.data["updateCustomer"]["userErrors"] == [
        {"field": "input.tags", "code": "INVALID_ARGUMENT"}
    ]


def test_a_mutation_s_input_fills_its_rpc() -> None:
    with pytest.raises(BindingRefused, match="IssueVouchersInput does not fill UpdateCustomer"):
        Write(CUSTOMERS["UpdateCustomer"], IssueVouchersInput).resolver(
            Customer, source=Customer, why="Mutation.updateCustomer"
        )


def test_a_payload_s_result_may_be_null() -> None:
    with pytest.raises(BindingRefused, match="must be nullable"):

        @answers(CUSTOMERS["UpdateCustomer"])
        class FrogPayload(Payload):
            customer: Customer


def test_a_payload_shows_what_its_rpc_gives() -> None:
    with pytest.raises(BindingRefused, match="has no field customer"):

        @answers(VOUCHERS["IssueVouchers"])
        class FrogPayload(Payload):
            customer: Customer | None
