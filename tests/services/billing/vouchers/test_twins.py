"""A request for money that comes many times at once has one effect, and its id no other."""

import asyncio
from typing import Any

from partner.billing.v1 import voucher_quotas_pb2
from tests.builders.billing import an_issue, grant_quota, money, some_customers
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService


async def balance(billing: RunningService, principal: Any, quota_id: str) -> str:
    found = await billing.call(
        voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=[quota_id]), principal=principal
    )
    amount: str = found.quotas[0].balance.amount
    return amount


async def test_fifty_equal_requests_at_once_issue_one_voucher(billing: RunningService) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)
    quota = await grant_quota(billing, tenant, face_total="1000 CNY")
    request = an_issue(quota.id, await some_customers(billing, tenant, 1), face_value="10 CNY")

    answers = await asyncio.gather(
        *(billing.answer(request, principal=principal) for _ in range(50))
    )

    vouchers = {answer.response.results[0].voucher.id for answer in answers}
    replays = [answer for answer in answers if "x-idempotent-replay" in answer.trailers]
    assert (len(vouchers), len(replays)) == (1, 49)
    assert await balance(billing, principal, quota.id) == "990"


async def test_the_same_id_with_another_body_is_refused_and_changes_nothing(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    principal = an_administrator(tenant)
    quota = await grant_quota(billing, tenant, face_total="1000 CNY")
    customers = await some_customers(billing, tenant, 1)
    requests = [
        an_issue(quota.id, customers, face_value=f"{value} CNY", request_id="one")
        for value in (10, 20)
    ]

    answers = await asyncio.gather(
        *(billing.answer(one, principal=principal) for one in requests * 25)
    )

    refused = [answer.refusal for answer in answers if answer.refusal is not None]
    issued = {
        answer.response.results[0].voucher.face_value.amount
        for answer in answers
        if answer.refusal is None
    }
    [face_value] = issued
    assert {refusal.reason for refusal in refused} == {"REQUEST_ID_REUSED"}
    assert len(refused) == 25
    left = 1000 - int(money(f"{face_value} CNY").amount)
    assert await balance(billing, principal, quota.id) == str(left)
