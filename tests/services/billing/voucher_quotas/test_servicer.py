"""VoucherQuotaService over a real socket: what is granted, and what is listed to whom."""

from typing import Any

import pytest

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from services.kit.ids import new_id, to_text
from tests.builders.billing import (
    a_limit,
    an_issue,
    delegate_quota,
    grant_quota,
    in_days,
    money,
    some_customers,
)
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)
from tests.builders.running import RunningService

Quota = voucher_quotas_pb2.VoucherQuota


async def listed(billing: RunningService, tenant: Any, **fields: Any) -> list[Quota]:
    narrowed = voucher_quotas_pb2.VoucherQuotaFilter(**fields)
    request = voucher_quotas_pb2.ListVoucherQuotasRequest(filter=narrowed)
    response = await billing.call(request, principal=an_administrator(tenant))
    return list(response.quotas)


async def test_grant_voucher_quota_gives_the_root_partner_its_amount(
    billing: RunningService,
) -> None:
    tenant = a_tenant()

    quota = await grant_quota(
        billing,
        tenant,
        face_total="99.90 CNY",
        coupon_type=vouchers_pb2.COUPON_TYPE_CASH_COUPON,
        limits=[a_limit("REGION_CODE", "cn-north-4", "Beijing")],
        customer_ids=[to_text("cus", new_id())],
    )

    assert quota.partner_id == to_text("ptr", tenant)
    assert quota.face_total == quota.balance == money("99.9 CNY")
    assert quota.state == voucher_quotas_pb2.VOUCHER_QUOTA_STATE_NORMAL
    assert quota.coupon_type == vouchers_pb2.COUPON_TYPE_CASH_COUPON
    assert quota.limits[0].value2 == "Beijing"
    assert await listed(billing, tenant) == [quota]


async def test_grant_voucher_quota_is_the_platforms(billing: RunningService) -> None:
    tenant = a_tenant()
    request = voucher_quotas_pb2.GrantVoucherQuotaRequest(request_id="r")

    refusal = await billing.refusal(request, principal=an_administrator(tenant))

    assert refusal.reason == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"face_total": money("0 CNY")}, "face_total.amount"),
        ({"face_total": money("0.001 CNY")}, "face_total.amount"),
        ({"face_total": money("1 yuan")}, "face_total.currency_code"),
        ({"coupon_type": vouchers_pb2.COUPON_TYPE_UNSPECIFIED}, "coupon_type"),
        ({"expire_time": None}, "expire_time"),
        ({"expire_time": in_days(-2)}, "expire_time"),
        ({"effective_time": in_days(-9), "expire_time": in_days(-2)}, "expire_time"),
        ({"customer_ids": ["cus_1"]}, "customer_ids[0]"),
        ({"limits": [a_limit("SERVICE_TYPE", "x")] * 51}, "limits"),
        ({"limits": [vouchers_pb2.UseLimit(value1="x")]}, "limits[0].key"),
        ({"limits": [a_limit("SERVICE_TYPE", "")]}, "limits[0].value1"),
        ({"limits": [a_limit("ORDER_AMOUNT", "much")]}, "limits[0].value1"),
        ({"limits": [a_limit("ORDER_AMOUNT", "5", "4")]}, "limits[0].value2"),
        ({"limits": [a_limit("USAGE_RATIO", "101")]}, "limits[0].value1"),
        ({"limits": [a_limit("CUSTOMER_ID", "orchid")]}, "limits[0].value1"),
    ],
)
async def test_grant_voucher_quota_names_the_field_that_is_malformed(
    billing: RunningService, asked: dict[str, Any], field: str
) -> None:
    tenant = a_tenant()
    said: dict[str, Any] = {
        "request_id": "r",
        "coupon_type": vouchers_pb2.COUPON_TYPE_VOUCHER,
        "face_total": money("10 CNY"),
        "expire_time": in_days(9),
    }
    request = voucher_quotas_pb2.GrantVoucherQuotaRequest(**said | asked)

    refusal = await billing.refusal(request, principal=an_operator(tenant))

    assert (refusal.reason, refusal.violations[0][0]) == ("INVALID_ARGUMENT", field)


async def test_list_voucher_quotas_gives_the_next_to_expire_first_in_pages(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    quotas = [await grant_quota(billing, tenant, expire_time=in_days(9 - n)) for n in range(3)]
    request = voucher_quotas_pb2.ListVoucherQuotasRequest(page_size=2)

    first = await billing.call(request, principal=an_administrator(tenant))
    request.page_token = first.next_page_token
    rest = await billing.call(request, principal=an_administrator(tenant))
    newest = await billing.call(
        voucher_quotas_pb2.ListVoucherQuotasRequest(
            order_by=voucher_quotas_pb2.VOUCHER_QUOTA_ORDER_CREATE_TIME_DESC,
            with_item_tokens=True,
        ),
        principal=an_administrator(tenant),
    )

    newest_first = [quota.id for quota in reversed(quotas)]
    assert [quota.id for quota in [*first.quotas, *rest.quotas]] == newest_first
    assert [quota.id for quota in newest.quotas] == newest_first
    assert len(newest.item_tokens) == 3


async def test_list_voucher_quotas_takes_every_filter(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    now = (await grant_quota(billing, tenant)).id
    soon = (await grant_quota(billing, tenant, effective_time=in_days(5))).id
    parent = (await listed(billing, tenant, quota_ids=[now]))[0]
    part = await delegate_quota(billing, tenant, parent, partner_id=reseller_id, face_total="1 CNY")
    normal = voucher_quotas_pb2.VOUCHER_QUOTA_STATE_NORMAL
    frozen = voucher_quotas_pb2.VOUCHER_QUOTA_STATE_FROZEN
    everything = {now, soon}
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"quota_ids": [soon, to_text("quo", new_id())]}, {soon}),
        ({"states": [normal, frozen]}, everything),
        ({"states": [frozen]}, set()),
        ({"coupon_type": vouchers_pb2.COUPON_TYPE_CASH_COUPON}, set()),
        ({"create_time_from": in_days(-1), "create_time_to": in_days(1)}, everything),
        ({"effective_time_from": in_days(1)}, {soon}),
        ({"effective_time_to": in_days(1)}, {now}),
        ({"expire_time_from": in_days(400)}, set()),
        ({"expire_time_to": in_days(400)}, everything),
        ({"indirect_partner_id": to_text("ptr", reseller_id)}, {part}),
        ({"parent_quota_id": now}, {part}),
        ({"parent_quota_id": soon}, set()),
        ({"parent_quota_id": now, "indirect_partner_id": to_text("ptr", new_id())}, set()),
    ]

    for fields, expected in cases:
        found = await listed(billing, tenant, **fields)
        assert {quota.id for quota in found} == expected, fields


async def test_batch_list_voucher_quotas_gives_the_parts_of_each_in_pages(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    quotas = [await grant_quota(billing, tenant) for _ in range(2)]
    parts = [
        await delegate_quota(billing, tenant, quotas[0], partner_id=new_id(), face_total="1 CNY")
        for _ in range(2)
    ]
    request = voucher_quotas_pb2.BatchListVoucherQuotasRequest(
        parent_quota_ids=[quotas[1].id, quotas[0].id], page_size=1
    )

    response = await billing.call(request, principal=an_administrator(tenant))
    rest = await billing.call(
        voucher_quotas_pb2.ListVoucherQuotasRequest(
            page_token=response.groups[1].next_page_token,
            filter=voucher_quotas_pb2.VoucherQuotaFilter(parent_quota_id=quotas[0].id),
        ),
        principal=an_administrator(tenant),
    )

    assert [one.parent_quota_id for one in response.groups] == [quotas[1].id, quotas[0].id]
    assert not response.groups[0].quotas
    found = [*response.groups[1].quotas, *rest.quotas]
    assert [one.id for one in found] == sorted(parts)


async def test_quotas_are_money_that_account_managers_and_directors_do_not_see(
    billing: RunningService,
) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant)
    requests = [
        voucher_quotas_pb2.ListVoucherQuotasRequest(),
        voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=[quota.id]),
        voucher_quotas_pb2.BatchListVoucherQuotasRequest(parent_quota_ids=[quota.id]),
    ]
    people = [
        an_account_manager(tenant, account_manager_id=new_id()),
        a_director(tenant, team=(new_id(),)),
        a_customers_user(tenant, customer_id=new_id()),
    ]

    refusals = [
        await billing.refusal(request, principal=principal)
        for request in requests
        for principal in people
    ]

    assert {refusal.reason for refusal in refusals} == {"PERMISSION_DENIED"}


async def test_grant_voucher_quota_is_of_the_tenants_one_currency(billing: RunningService) -> None:
    tenant = a_tenant()
    await grant_quota(billing, tenant, face_total="1 CNY")
    request = voucher_quotas_pb2.GrantVoucherQuotaRequest(
        request_id="r",
        coupon_type=vouchers_pb2.COUPON_TYPE_VOUCHER,
        face_total=money("1 USD"),
        expire_time=in_days(9),
    )

    refusal = await billing.refusal(request, principal=an_operator(tenant))

    assert refusal.reason == "CURRENCY_MISMATCH"
    assert refusal.metadata == {"currency_code": "CNY", "given": "USD"}


async def test_list_voucher_quotas_takes_five_states_at_most(billing: RunningService) -> None:
    states = [voucher_quotas_pb2.VOUCHER_QUOTA_STATE_NORMAL] * 6
    narrowed = voucher_quotas_pb2.VoucherQuotaFilter(states=states)
    request = voucher_quotas_pb2.ListVoucherQuotasRequest(filter=narrowed)

    refusal = await billing.refusal(request, principal=an_administrator(a_tenant()))

    assert refusal.violations[0][0] == "filter.states"


async def test_a_reseller_sees_its_own_quotas_only(billing: RunningService) -> None:
    tenant, reseller_id = a_tenant(), new_id()
    quota = await grant_quota(billing, tenant)
    part = await delegate_quota(billing, tenant, quota, partner_id=reseller_id, face_total="30 CNY")
    request = voucher_quotas_pb2.BatchGetVoucherQuotasRequest(ids=[quota.id, part])

    seen = await billing.call(request, principal=an_administrator(tenant, partner_id=reseller_id))
    by_distributor = await billing.call(request, principal=an_administrator(tenant))

    assert [one.id for one in seen.quotas] == [part]
    assert seen.quotas[0].parent_quota_id == quota.id
    assert [one.balance.amount for one in by_distributor.quotas] == ["970", "30"]


async def test_the_balance_shown_is_what_is_left_to_issue(billing: RunningService) -> None:
    tenant = a_tenant()
    quota = await grant_quota(billing, tenant, face_total="100 CNY")
    customers = await some_customers(billing, tenant, 2)

    await billing.call(
        an_issue(quota.id, customers, face_value="12.34 CNY"), principal=an_administrator(tenant)
    )

    (shown,) = await listed(billing, tenant)
    assert (shown.face_total.amount, shown.balance.amount) == ("100", "75.32")
