"""Voucher quotas as clients see them and operators grant them."""

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from partner.customers.v1 import partners_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask

ASKED = {
    "quotaIds": [messages.an_id("quo")],
    "states": ["NORMAL"],
    "couponType": "CASH_COUPON",
    "createTimeFrom": "2026-01-01T00:00:00Z",
    "createTimeTo": "2026-02-01T00:00:00Z",
    "effectiveTimeFrom": "2026-01-01T00:00:00Z",
    "effectiveTimeTo": "2026-02-01T00:00:00Z",
    "expireTimeFrom": "2026-01-01T00:00:00Z",
    "expireTimeTo": "2026-02-01T00:00:00Z",
    "indirectPartnerId": messages.an_id("ptr"),
}


async def test_quotas_take_every_filter() -> None:
    partner = messages.a_partner()
    parent = messages.a_quota()
    quota = messages.a_quota(
        partner_id=partner.id,
        parent_quota_id=parent.id,
        limits=[{"key": vouchers_pb2.LIMIT_KEY_SERVICE_TYPE, "value1": "ecs"}],
    )
    rpcs = Rpcs(
        ListVoucherQuotas=voucher_quotas_pb2.ListVoucherQuotasResponse(quotas=[quota]),
        BatchGetVoucherQuotas=messages.found(
            voucher_quotas_pb2.BatchGetVoucherQuotasResponse, "quotas", [parent]
        ),
        BatchGetPartners=messages.found(
            partners_pb2.BatchGetPartnersResponse, "partners", [partner]
        ),
    )

    shown = await ask(
        """query ($filter: VoucherQuotaFilter) { voucherQuotas(filter: $filter) { nodes {
          couponType faceTotal { amount } balance { amount } state
          limits { key value1 value2 } partner { name } parentQuota { id }
        } } }""",
        rpcs=rpcs,
        filter=ASKED,
    )

    assert shown.errors == []
    assert shown.data["voucherQuotas"]["nodes"] == [
        {
            "couponType": "VOUCHER",
            "faceTotal": {"amount": "100"},
            "balance": {"amount": "80"},
            "state": "NORMAL",
            "limits": [{"key": "SERVICE_TYPE", "value1": "ecs", "value2": None}],
            "partner": {"name": "Lakeside"},
            "parentQuota": {"id": parent.id},
        }
    ]
    filters = rpcs.request("ListVoucherQuotas").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(ASKED)


async def test_an_operator_grants_a_quota() -> None:
    rpcs = Rpcs(GrantVoucherQuota=messages.a_quota())

    shown = await ask(
        """mutation ($input: GrantVoucherQuotaInput!) {
          grantVoucherQuota(input: $input) {
            voucherQuota { balance { amount } } userErrors { message }
          }
        }""",
        rpcs=rpcs,
        input={
            "requestId": "r",
            "couponType": "VOUCHER",
            "faceTotal": {"amount": "100", "currencyCode": "USD"},
            "expireTime": "2027-01-01T00:00:00Z",
            "limits": [{"key": "ORDER_AMOUNT", "value1": "1", "value2": "9"}],
        },
    )

    assert shown.data["grantVoucherQuota"] == {
        "voucherQuota": {"balance": {"amount": "80"}},
        "userErrors": [],
    }
    request = rpcs.request("GrantVoucherQuota")
    assert request.face_total == messages.money("100 USD")
    assert request.limits[0].key == vouchers_pb2.LIMIT_KEY_ORDER_AMOUNT
