"""IssueVouchers over a real socket: who may ask, and how it must be asked."""

from typing import Any

import pytest

from partner.billing.v1 import vouchers_pb2
from services.kit.ids import new_id
from tests.builders.billing import (
    an_issue,
    grant_quota,
    in_days,
    money,
    some_customers,
)
from tests.builders.principals import (
    a_customers_user,
    a_tenant,
    an_account_manager,
    an_administrator,
)
from tests.builders.running import RunningService


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"face_value": money("0 CNY")}, "face_value.amount"),
        ({"face_value": money("-1 CNY")}, "face_value.amount"),
        ({"face_value": money("1.001 CNY")}, "face_value.amount"),
        ({"face_value": money("1 USD")}, "face_value.currency_code"),
        ({"face_value": money("1e3 CNY")}, "face_value.amount"),
        ({"face_value": money("99999999999999999999 CNY")}, "face_value.amount"),
        ({"min_order_amount": money("0 CNY")}, "min_order_amount.amount"),
        ({"min_order_amount": money("1 USD")}, "min_order_amount.currency_code"),
        ({"expire_time": in_days(-0.5)}, "expire_time"),
        ({"effective_time": in_days(2), "expire_time": in_days(1)}, "expire_time"),
        ({"service_type_codes": ["a"] * 11}, "service_type_codes"),
        ({"product_ids": [""]}, "product_ids[0].value1"),
        ({"memo": "m" * 201}, "memo"),
        ({"customer_ids": []}, "customer_ids"),
        ({"customer_ids": ["cus_1"]}, "customer_ids[0]"),
        ({"quota_id": "quo_x"}, "quota_id"),
        ({"request_id": ""}, "request_id"),
    ],
)
async def test_issue_vouchers_names_the_field_that_is_malformed(
    billing: RunningService, asked: dict[str, Any], field: str
) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant)
    customers = await some_customers(billing, tenant, 1)
    principal = an_administrator(tenant)
    whole = {"quota_id": quota.id, "customer_ids": customers} | asked
    request = an_issue(whole.pop("quota_id"), whole.pop("customer_ids"))
    for name, value in whole.items():
        request.ClearField(name)
        request.MergeFrom(vouchers_pb2.IssueVouchersRequest(**{name: value}))

    refusal = await billing.refusal(request, principal=principal)

    assert (refusal.reason, refusal.violations[0][0]) == ("INVALID_ARGUMENT", field)


async def test_issue_vouchers_is_for_administrators_and_finance_alone(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant)
    (customer,) = await some_customers(billing, tenant, 1)

    refusals = [
        await billing.refusal(an_issue(quota.id, [customer]), principal=principal)
        for principal in (
            an_account_manager(tenant, account_manager_id=new_id()),
            a_customers_user(tenant, customer_id=new_id()),
        )
    ]

    assert {refusal.reason for refusal in refusals} == {"PERMISSION_DENIED"}
