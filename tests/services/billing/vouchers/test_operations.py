"""IssueVouchers over a real socket: what is issued, and what is refused."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from partner.type.v1 import terms_pb2
from services.kit.ids import new_id, to_text
from tests.builders.billing import (
    a_limit,
    a_link,
    an_issue,
    delegate_quota,
    grant_quota,
    in_days,
    money,
    put_links,
    some_customers,
)
from tests.builders.principals import (
    a_finance_operator,
    a_tenant,
    an_administrator,
)
from tests.builders.running import RunningService

LIMITS = [
    a_limit("SERVICE_TYPE", "ecs", "Elastic servers"),
    a_limit("SERVICE_TYPE", "obs"),
    a_limit("ORDER_AMOUNT", "10", "500"),
    a_limit("ORDER_TYPE", "new"),
]


async def balance_of(billing: RunningService, tenant: UUID, quota_id: str) -> str:
    request = voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=[quota_id])
    response = await billing.call(request, principal=an_administrator(tenant))
    amount: str = response.quotas[0].balance.amount
    return amount


async def test_issue_vouchers_takes_each_face_value_out_of_the_quota(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    customers = await some_customers(billing, tenant, 3)

    response = await billing.call(
        an_issue(quota.id, customers, face_value="10.50 CNY", memo="for spring"),
        principal=a_finance_operator(tenant),
    )

    assert [result.customer_id for result in response.results] == customers
    voucher = response.results[0].voucher
    assert voucher.face_value == voucher.balance == money("10.5 CNY")
    assert voucher.state == vouchers_pb2.VOUCHER_STATE_USABLE
    assert (voucher.effective_time, voucher.expire_time) == (
        quota.effective_time,
        quota.expire_time,
    )
    assert voucher.memo == "for spring"
    assert await balance_of(billing, tenant, quota.id) == "68.5"


async def test_fifty_equal_requests_at_once_have_one_effect_and_equal_answers(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    customers = await some_customers(billing, tenant, 2)
    request = an_issue(quota.id, customers)
    principal = an_administrator(tenant)

    answers = await asyncio.gather(*(billing.call(request, principal=principal) for _ in range(50)))

    assert all(answer == answers[0] for answer in answers)
    assert await balance_of(billing, tenant, quota.id) == "80"
    listed = await billing.call(vouchers_pb2.ListVouchersRequest(), principal=principal)
    assert len(listed.vouchers) == 2


async def test_issue_vouchers_refuses_the_same_request_id_with_another_body(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant)
    customers = await some_customers(billing, tenant, 1)
    request = an_issue(quota.id, customers)
    await billing.call(request, principal=an_administrator(tenant))

    request.face_value.amount = "11"
    refusal = await billing.refusal(request, principal=an_administrator(tenant))

    assert (refusal.code, refusal.reason) == ("ABORTED", "REQUEST_ID_REUSED")
    assert await balance_of(billing, tenant, quota.id) == "990"


async def test_issue_vouchers_refuses_all_when_the_quota_is_short(billing: RunningService) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant, face_total="25 CNY")
    customers = await some_customers(billing, tenant, 3)

    refusal = await billing.refusal(
        an_issue(quota.id, customers), principal=an_administrator(tenant)
    )

    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "QUOTA_INSUFFICIENT")
    assert refusal.metadata == {"available": "25", "required": "30"}
    assert await balance_of(billing, tenant, quota.id) == "25"
    listed = await billing.call(
        vouchers_pb2.ListVouchersRequest(), principal=an_administrator(tenant)
    )
    assert not listed.vouchers


async def test_issue_vouchers_refuses_single_customers_and_issues_to_the_others(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    (resale,) = await some_customers(billing, tenant, 1)
    (not_named,) = await some_customers(billing, tenant, 1)
    (of_reseller,) = await some_customers(billing, tenant, 1, partner_id=new_id())
    (foreign,) = await some_customers(billing, a_tenant(), 1)
    advisory = a_link(partner_id=tenant, association_type=terms_pb2.ASSOCIATION_TYPE_ADVISORY)
    await put_links(billing, tenant, [advisory])
    unknown = to_text("cus", new_id())
    quota = await grant_quota(
        billing,
        tenant,
        face_total="100 CNY",
        customer_ids=[resale, of_reseller, foreign, advisory.customer_id, unknown],
    )
    asked = [unknown, resale, foreign, of_reseller, advisory.customer_id, not_named]

    response = await billing.call(an_issue(quota.id, asked), principal=an_administrator(tenant))

    assert [result.error.reason for result in response.results] == [
        "NOT_SUB_CUSTOMER",
        "",
        "NOT_SUB_CUSTOMER",
        "NOT_SUB_CUSTOMER",
        "ADVISORY_NOT_ALLOWED",
        "RECIPIENT_NOT_ALLOWED",
    ]
    assert len({response.results[n].error.message for n in (0, 2, 3)}) == 1
    assert [result.HasField("voucher") for result in response.results].count(True) == 1
    assert await balance_of(billing, tenant, quota.id) == "90"
    records = await billing.call(
        vouchers_pb2.ListVoucherOperationsRequest(), principal=an_administrator(tenant)
    )
    results = [record.result for record in records.operations]
    assert results.count(vouchers_pb2.VOUCHER_OPERATION_RESULT_FAILURE) == 5
    assert results.count(vouchers_pb2.VOUCHER_OPERATION_RESULT_SUCCESS) == 1


async def test_issue_vouchers_refuses_a_quota_that_is_unknown_foreign_or_expired(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    customers = await some_customers(billing, tenant, 1)
    foreign = await grant_quota(billing, a_tenant())
    not_yet = await grant_quota(billing, tenant, effective_time=in_days(1))
    own = await grant_quota(billing, tenant)
    reseller = an_administrator(tenant, partner_id=new_id())

    refusals = [
        await billing.refusal(an_issue(quota_id, customers), principal=principal)
        for quota_id, principal in (
            (to_text("quo", new_id()), an_administrator(tenant)),
            (foreign.id, an_administrator(tenant)),
            (not_yet.id, an_administrator(tenant)),
            (own.id, reseller),
        )
    ]

    assert {refusal.reason for refusal in refusals} == {"QUOTA_NOT_FOUND_OR_STATE"}
    assert len({refusal.message for refusal in refusals}) == 1


async def test_issue_vouchers_refuses_more_than_ten_customers(billing: RunningService) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant)
    customers = await some_customers(billing, tenant, 11)

    refusal = await billing.refusal(
        an_issue(quota.id, customers), principal=an_administrator(tenant)
    )

    assert refusal.reason == "TOO_MANY_RECIPIENTS"
    assert await balance_of(billing, tenant, quota.id) == "1000"


async def test_issue_vouchers_keeps_inside_the_quotas_validity(billing: RunningService) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant)
    customers = await some_customers(billing, tenant, 1)

    narrower = await billing.call(
        an_issue(quota.id, customers, effective_time=in_days(1), expire_time=in_days(30)),
        principal=an_administrator(tenant),
    )
    wider = [
        await billing.refusal(
            an_issue(quota.id, customers, **asked), principal=an_administrator(tenant)
        )
        for asked in ({"effective_time": in_days(-2)}, {"expire_time": in_days(366)})
    ]

    assert narrower.results[0].voucher.state == vouchers_pb2.VOUCHER_STATE_INACTIVE
    assert [refusal.reason for refusal in wider] == ["VALIDITY_EXCEEDS_QUOTA"] * 2


async def test_issue_vouchers_narrows_the_quotas_limits(billing: RunningService) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant, limits=LIMITS)
    customers = await some_customers(billing, tenant, 1)
    narrower = an_issue(
        quota.id,
        customers,
        service_type_codes=["ecs"],
        product_ids=["p-1"],
        min_order_amount=money("20 CNY"),
    )

    inherited = await billing.call(
        an_issue(quota.id, customers), principal=an_administrator(tenant)
    )
    narrowed = await billing.call(narrower, principal=an_administrator(tenant))

    assert list(inherited.results[0].voucher.use_limits) == LIMITS
    assert {
        (vouchers_pb2.LimitKey.Name(limit.key), limit.value1, limit.value2)
        for limit in narrowed.results[0].voucher.use_limits
    } == {
        ("LIMIT_KEY_SERVICE_TYPE", "ecs", "Elastic servers"),
        ("LIMIT_KEY_ORDER_AMOUNT", "20", "500"),
        ("LIMIT_KEY_PRODUCT_ID", "p-1", ""),
        ("LIMIT_KEY_ORDER_TYPE", "new", ""),
    }


@pytest.mark.parametrize(
    ("asked", "limit"),
    [
        ({"service_type_codes": ["ecs", "rds"]}, "SERVICE_TYPE"),
        ({"min_order_amount": money("9.99 CNY")}, "ORDER_AMOUNT"),
        ({"min_order_amount": money("500.01 CNY")}, "ORDER_AMOUNT"),
    ],
)
async def test_issue_vouchers_refuses_wider_limits_than_the_quotas(
    billing: RunningService, asked: dict[str, Any], limit: str
) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant, limits=LIMITS)
    customers = await some_customers(billing, tenant, 1)

    refusal = await billing.refusal(
        an_issue(quota.id, customers, **asked), principal=an_administrator(tenant)
    )

    assert (refusal.reason, refusal.metadata) == ("LIMIT_EXCEEDS_QUOTA", {"limit": limit})


async def test_issue_vouchers_holds_to_recipients_named_by_a_limit(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    named, other = await some_customers(billing, tenant, 2)
    quota = await grant_quota(billing, tenant, limits=[a_limit("CUSTOMER_ID", named)])

    response = await billing.call(
        an_issue(quota.id, [named, other]), principal=an_administrator(tenant)
    )

    assert [result.error.reason for result in response.results] == ["", "RECIPIENT_NOT_ALLOWED"]
    assert not response.results[0].voucher.use_limits


async def test_requests_at_once_never_issue_more_than_the_quota_holds(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant, face_total="50 CNY")
    customers = await some_customers(billing, tenant, 1)

    answers = await asyncio.gather(
        *(
            billing.answer(an_issue(quota.id, customers), principal=an_administrator(tenant))
            for _ in range(12)
        )
    )

    refused = [answer.refusal.reason for answer in answers if answer.refusal]
    assert refused == ["QUOTA_INSUFFICIENT"] * 7
    assert await balance_of(billing, tenant, quota.id) == "0"


async def test_a_reseller_issues_out_of_its_own_quota_to_its_own_customers_only(
    billing: RunningService,
) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    quota = await grant_quota(billing, tenant)
    part = await delegate_quota(
        billing, tenant, quota, partner_id=reseller_id, face_total="100 CNY"
    )
    (theirs,) = await some_customers(billing, tenant, 1, partner_id=reseller_id)
    (distributors,) = await some_customers(billing, tenant, 1)
    request = an_issue(part, [theirs, distributors])

    issued = await billing.call(request, principal=an_administrator(tenant, partner_id=reseller_id))
    refused = await billing.refusal(an_issue(part, [theirs]), principal=an_administrator(tenant))

    assert [result.error.reason for result in issued.results] == ["", "NOT_SUB_CUSTOMER"]
    assert refused.reason == "QUOTA_NOT_FOUND_OR_STATE"
    assert await balance_of(billing, tenant, part) == "90"
    assert await balance_of(billing, tenant, quota.id) == "900"
