"""GrantSubQuota over a real socket: what resellers get, and what is refused."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from services.kit.ids import new_id, to_text
from tests.builders.billing import (
    a_limit,
    a_sub_quota,
    an_issue,
    grant_quota,
    in_days,
    money,
    some_customers,
)
from tests.builders.ledger import TenantLedger
from tests.builders.principals import (
    a_finance_operator,
    a_tenant,
    an_account_manager,
    an_administrator,
)
from tests.builders.running import RunningService


async def a_reseller(billing: RunningService, tenant: UUID) -> UUID:
    reseller_id = new_id()
    await some_customers(billing, tenant, 1, partner_id=reseller_id)
    return reseller_id


async def balance_of(billing: RunningService, tenant: UUID, quota_id: str) -> str:
    request = voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=[quota_id])
    response = await billing.call(request, principal=an_administrator(tenant))
    amount: str = response.quotas[0].balance.amount
    return amount


async def test_grant_sub_quota_gives_each_reseller_a_quota_of_the_same_limits_and_dates(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    resellers = [await a_reseller(billing, tenant) for _ in range(2)]
    limit = a_limit("SERVICE_TYPE", "ecs")
    quota = await grant_quota(billing, tenant, face_total="100 CNY", limits=[limit])

    response = await billing.call(
        a_sub_quota(quota.id, resellers, amount="30.50 CNY", memo="for spring"),
        principal=a_finance_operator(tenant),
    )

    parts = [result.quota for result in response.results]
    assert [part.partner_id for part in parts] == [to_text("ptr", one) for one in resellers]
    assert {part.parent_quota_id for part in parts} == {quota.id}
    assert parts[0].face_total == parts[0].balance == money("30.5 CNY")
    assert parts[0].state == voucher_quotas_pb2.VOUCHER_QUOTA_STATE_NORMAL
    assert list(parts[0].limits) == [limit]
    assert (parts[0].effective_time, parts[0].expire_time) == (
        quota.effective_time,
        quota.expire_time,
    )
    assert await balance_of(billing, tenant, quota.id) == "39"
    assert not await TenantLedger(billing.database, tenant).violations()


async def test_the_record_of_a_grant_names_both_quotas_and_the_reseller(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    known, unknown = await a_reseller(billing, tenant), new_id()
    quota = await grant_quota(billing, tenant)

    granted = await billing.call(
        a_sub_quota(quota.id, [known, unknown], memo="for spring"),
        principal=an_administrator(tenant),
    )

    records = await billing.call(
        vouchers_pb2.ListVoucherOperationsRequest(), principal=an_administrator(tenant)
    )
    by_reseller = {record.indirect_partner_id: record for record in records.operations}
    done, refused = by_reseller[to_text("ptr", known)], by_reseller[to_text("ptr", unknown)]
    assert done.operation_type == vouchers_pb2.VOUCHER_OPERATION_TYPE_GRANT_SUB_QUOTA
    assert (done.quota_id, done.sub_quota_id) == (quota.id, granted.results[0].quota.id)
    assert (done.amount, done.remark) == (money("10 CNY"), "for spring")
    assert done.transaction_id.startswith("txn_")
    assert (refused.quota_id, refused.sub_quota_id, refused.transaction_id) == (quota.id, "", "")
    assert refused.failure_reason == "INDIRECT_PARTNER_FORBIDDEN"


async def test_grant_sub_quota_refuses_who_is_no_reseller_in_the_same_words(
    billing: RunningService,
) -> None:
    tenant, other = a_tenant(), a_tenant()
    foreign = await a_reseller(billing, other)
    await some_customers(billing, tenant, 1)
    quota = await grant_quota(billing, tenant, face_total="100 CNY")

    response = await billing.call(
        a_sub_quota(quota.id, [foreign, new_id(), tenant]), principal=an_administrator(tenant)
    )

    assert {(one.error.reason, one.error.message) for one in response.results} == {
        ("INDIRECT_PARTNER_FORBIDDEN", "the named reseller is not yours")
    }
    assert not any(one.HasField("quota") for one in response.results)
    assert await balance_of(billing, tenant, quota.id) == "100"


async def test_a_reseller_gives_nothing_on(billing: RunningService) -> None:
    tenant = a_tenant()
    first, second = [await a_reseller(billing, tenant) for _ in range(2)]
    quota = await grant_quota(billing, tenant)
    given = await billing.call(a_sub_quota(quota.id, [first]), principal=an_administrator(tenant))
    reseller = an_administrator(tenant, partner_id=first)

    on = await billing.call(
        a_sub_quota(given.results[0].quota.id, [second, first], amount="1 CNY"), principal=reseller
    )
    of_the_distributor = await billing.refusal(a_sub_quota(quota.id, [first]), principal=reseller)

    assert {one.error.reason for one in on.results} == {"INDIRECT_PARTNER_FORBIDDEN"}
    assert of_the_distributor.reason == "QUOTA_NOT_FOUND_OR_STATE"


async def test_grant_sub_quota_refuses_all_when_the_quota_is_short(billing: RunningService) -> None:
    tenant = a_tenant()
    resellers = [await a_reseller(billing, tenant) for _ in range(2)]
    quota = await grant_quota(billing, tenant, face_total="19.99 CNY")

    refusal = await billing.refusal(
        a_sub_quota(quota.id, resellers), principal=an_administrator(tenant)
    )

    assert refusal.reason == "QUOTA_INSUFFICIENT"
    assert refusal.metadata == {"available": "19.99", "required": "20"}
    assert await balance_of(billing, tenant, quota.id) == "19.99"


@pytest.mark.parametrize(
    ("granted", "asked", "reason", "field"),
    [
        (
            {"coupon_type": vouchers_pb2.COUPON_TYPE_CASH_COUPON},
            {},
            "COUPON_TYPE_NOT_ALLOWED",
            "quota_id",
        ),
        ({}, {"amount": money("0 CNY")}, "INVALID_ARGUMENT", "amount.amount"),
        ({}, {"amount": money("1 USD")}, "INVALID_ARGUMENT", "amount.currency_code"),
        ({}, {"memo": "x" * 201}, "INVALID_ARGUMENT", "memo"),
        (
            {},
            {"indirect_partner_ids": [to_text("ptr", new_id()) for _ in range(11)]},
            "TOO_MANY_RECIPIENTS",
            "indirect_partner_ids",
        ),
        ({}, {"quota_id": to_text("quo", new_id())}, "QUOTA_NOT_FOUND_OR_STATE", "quota_id"),
    ],
)
async def test_grant_sub_quota_names_what_is_wrong(
    billing: RunningService, granted: dict[str, Any], asked: dict[str, Any], reason: str, field: str
) -> None:
    tenant = a_tenant()
    reseller_id = await a_reseller(billing, tenant)
    quota = await grant_quota(billing, tenant, **granted)
    request = a_sub_quota(quota.id, [reseller_id])
    for name, value in asked.items():
        request.ClearField(name)
        request.MergeFrom(voucher_quotas_pb2.GrantSubQuotaRequest(**{name: value}))

    refusal = await billing.refusal(request, principal=an_administrator(tenant))

    assert (refusal.reason, [path for path, _ in refusal.violations]) == (reason, [field])


async def test_a_quota_that_begins_later_can_be_given_before(billing: RunningService) -> None:
    tenant = a_tenant()
    reseller_id = await a_reseller(billing, tenant)
    quota = await grant_quota(billing, tenant, effective_time=in_days(5))

    response = await billing.call(
        a_sub_quota(quota.id, [reseller_id]), principal=an_administrator(tenant)
    )

    assert response.results[0].quota.effective_time == quota.effective_time


async def test_the_recipients_of_a_part_are_the_resellers_among_the_quotas(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    first, second, third = new_id(), new_id(), new_id()
    of_first = await some_customers(billing, tenant, 2, partner_id=first)
    of_second = await some_customers(billing, tenant, 1, partner_id=second)
    await some_customers(billing, tenant, 1, partner_id=third)
    quota = await grant_quota(
        billing,
        tenant,
        customer_ids=[of_first[0], *of_second],
        limits=[a_limit("CUSTOMER_ID", of_first[1])],
    )

    response = await billing.call(
        a_sub_quota(quota.id, [first, second, third]), principal=an_administrator(tenant)
    )

    assert sorted(response.results[0].quota.customer_ids) == sorted(of_first)
    assert list(response.results[1].quota.customer_ids) == of_second
    assert not response.results[1].quota.limits
    assert response.results[2].error.reason == "RECIPIENT_NOT_ALLOWED"


async def test_requests_at_once_never_give_or_issue_more_than_there_is(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    reseller_id = await a_reseller(billing, tenant)
    (customer,) = await some_customers(billing, tenant, 1)
    quota = await grant_quota(billing, tenant, face_total="50 CNY")
    principal = an_administrator(tenant)

    answers = await asyncio.gather(
        *(
            billing.answer(request, principal=principal)
            for _ in range(4)
            for request in (
                a_sub_quota(quota.id, [reseller_id]),
                an_issue(quota.id, [customer]),
            )
        )
    )

    refused = [answer.refusal.reason for answer in answers if answer.refusal]
    assert refused == ["QUOTA_INSUFFICIENT"] * 3
    assert await balance_of(billing, tenant, quota.id) == "0"
    assert not await TenantLedger(billing.database, tenant).violations()


async def test_grant_sub_quota_repeated_gives_nothing_twice(billing: RunningService) -> None:
    tenant = a_tenant()
    reseller_id = await a_reseller(billing, tenant)
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    request = a_sub_quota(quota.id, [reseller_id])

    answers = await asyncio.gather(
        *(billing.call(request, principal=an_administrator(tenant)) for _ in range(5))
    )

    assert all(answer == answers[0] for answer in answers)
    assert await balance_of(billing, tenant, quota.id) == "90"


async def test_account_managers_give_nothing(billing: RunningService) -> None:
    tenant = a_tenant()

    refusal = await billing.refusal(
        a_sub_quota(to_text("quo", new_id()), [new_id()]),
        principal=an_account_manager(tenant, account_manager_id=new_id()),
    )

    assert refusal.reason == "PERMISSION_DENIED"
