"""Where a partner's verification is on, vouchers and quotas are moved with a code only (9.3)."""

from typing import Any

import pytest

from services.kit.ids import new_id, to_text
from tests.builders.billing import (
    a_reclaim,
    a_sub_quota,
    a_sub_quota_reclaim,
    an_issue,
    delegate_quota,
    grant_quota,
    some_customers,
)
from tests.builders.principals import a_tenant, an_administrator
from tests.builders.running import RunningService
from tests.builders.verification import a_code, a_switch

PROTECTED = {
    "ISSUE_VOUCHERS": an_issue(to_text("quo", new_id()), [to_text("cus", new_id())]),
    "RECLAIM_VOUCHERS": a_reclaim(to_text("cpn", new_id())),
    "DELEGATE_QUOTA": a_sub_quota(to_text("quo", new_id()), [new_id()]),
    "RECLAIM_QUOTA": a_sub_quota_reclaim(to_text("quo", new_id())),
}


@pytest.mark.parametrize("operation", PROTECTED)
async def test_nothing_is_issued_given_or_reclaimed_without_a_code_for_it(
    billing: RunningService, operation: str
) -> None:
    principal = an_administrator(a_tenant())
    await billing.call(a_switch(enabled=True), principal=principal)
    request = type(PROTECTED[operation])()
    request.CopyFrom(PROTECTED[operation])  # type: ignore[arg-type]

    without = await billing.refusal(request, principal=principal)
    request.request_id = str(new_id())
    request.verification.CopyFrom(await a_code(billing, principal, operation="WITHDRAW"))
    for_another = await billing.refusal(request, principal=principal)

    assert without.reason == "VERIFICATION_REQUIRED"
    assert for_another.reason == "VERIFICATION_FAILED"


async def test_with_a_code_each_of_them_is_done(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    principal = an_administrator(tenant)
    quota = await grant_quota(billing, tenant)
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="10 CNY")
    customers = await some_customers(billing, tenant, 1)
    await billing.call(a_switch(enabled=True), principal=principal)

    async def do(operation: str, request: Any) -> Any:
        request.verification.CopyFrom(await a_code(billing, principal, operation=operation))
        response = await billing.call(request, principal=principal)
        return response.results[0]

    issued = await do("ISSUE_VOUCHERS", an_issue(quota.id, customers))
    results = [
        issued,
        await do("RECLAIM_VOUCHERS", a_reclaim(issued.voucher.id)),
        await do("DELEGATE_QUOTA", a_sub_quota(quota.id, [reseller_id])),
        await do("RECLAIM_QUOTA", a_sub_quota_reclaim(part)),
    ]

    assert [one.error.reason for one in results] == [""] * 4
