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
    "parentQuotaId": messages.an_id("quo"),
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


async def test_a_distributor_gives_resellers_parts_of_a_quota() -> None:
    reseller, stranger = messages.a_partner(name="Lantern"), messages.an_id("ptr")
    part = messages.a_quota(partner_id=reseller.id)
    rpcs = Rpcs(
        GrantSubQuota=voucher_quotas_pb2.GrantSubQuotaResponse(
            results=[
                {"indirect_partner_id": reseller.id, "quota": part},
                {
                    "indirect_partner_id": stranger,
                    "error": {"reason": "INDIRECT_PARTNER_FORBIDDEN", "message": "not yours"},
                },
            ]
        ),
        BatchGetPartners=messages.found(
            partners_pb2.BatchGetPartnersResponse, "partners", [reseller]
        ),
    )

    shown = await ask(
        """mutation ($input: GrantSubQuotaInput!) { grantSubQuota(input: $input) {
          results { indirectPartner { name } quota { id } error { reason message } }
          userErrors { message }
        } }""",
        rpcs=rpcs,
        input={
            "requestId": "r",
            "quotaId": messages.an_id("quo"),
            "indirectPartnerIds": [reseller.id, stranger],
            "amount": {"amount": "5", "currencyCode": "USD"},
            "memo": "for spring",
        },
    )

    assert shown.data["grantSubQuota"] == {
        "results": [
            {"indirectPartner": {"name": "Lantern"}, "quota": {"id": part.id}, "error": None},
            {
                "indirectPartner": None,
                "quota": None,
                "error": {"reason": "INDIRECT_PARTNER_FORBIDDEN", "message": "not yours"},
            },
        ],
        "userErrors": [],
    }
    request = rpcs.request("GrantSubQuota")
    assert (request.amount, request.memo) == (messages.money("5 USD"), "for spring")


async def test_a_distributor_takes_quotas_back() -> None:
    part = messages.a_quota(state=voucher_quotas_pb2.VOUCHER_QUOTA_STATE_RECLAIMED)
    rpcs = Rpcs(
        ReclaimSubQuotas=voucher_quotas_pb2.ReclaimSubQuotasResponse(
            results=[{"quota_id": part.id, "amount": messages.money("80 USD")}]
        ),
        BatchGetVoucherQuotas=messages.found(
            voucher_quotas_pb2.BatchGetVoucherQuotasResponse, "quotas", [part]
        ),
    )

    shown = await ask(
        """mutation ($input: ReclaimSubQuotasInput!) { reclaimSubQuotas(input: $input) {
          results { quota { state } amount { amount } error { reason } } userErrors { message }
        } }""",
        rpcs=rpcs,
        input={"requestId": "r", "quotaIds": [part.id], "remark": "why"},
    )

    assert shown.data["reclaimSubQuotas"] == {
        "results": [{"quota": {"state": "RECLAIMED"}, "amount": {"amount": "80"}, "error": None}],
        "userErrors": [],
    }
    assert rpcs.request("ReclaimSubQuotas").remark == "why"


async def test_a_quota_leads_to_its_parts_vouchers_and_records_by_one_rpc_each() -> None:
    quotas = [messages.a_quota() for _ in range(2)]
    part, voucher = messages.a_quota(), messages.a_voucher()
    record = vouchers_pb2.VoucherOperation(
        operation_type=vouchers_pb2.VOUCHER_OPERATION_TYPE_GRANT_SUB_QUOTA,
        amount=messages.money("5 USD"),
        operate_time=messages.TIME,
        operator="admin",
        result=vouchers_pb2.VOUCHER_OPERATION_RESULT_SUCCESS,
        transaction_id=messages.an_id("txn"),
    )
    first = quotas[0].id
    rpcs = Rpcs(
        ListVoucherQuotas=voucher_quotas_pb2.ListVoucherQuotasResponse(quotas=quotas),
        BatchListVoucherQuotas=voucher_quotas_pb2.BatchListVoucherQuotasResponse(
            groups=[{"parent_quota_id": first, "quotas": [part]}]
        ),
        BatchListVouchersByQuota=vouchers_pb2.BatchListVouchersByQuotaResponse(
            groups=[{"quota_id": first, "vouchers": [voucher]}]
        ),
        BatchListVoucherOperations=vouchers_pb2.BatchListVoucherOperationsResponse(
            groups=[{"quota_id": first, "operations": [record]}]
        ),
    )

    shown = await ask(
        """{ voucherQuotas { nodes {
          subQuotas(first: 2) { nodes { id } }
          vouchers(first: 2) { nodes { id } }
          operations(first: 2) { nodes { operationType transactionId } }
        } } }""",
        rpcs=rpcs,
    )

    assert shown.errors == []
    assert shown.data["voucherQuotas"]["nodes"][0] == {
        "subQuotas": {"nodes": [{"id": part.id}]},
        "vouchers": {"nodes": [{"id": voucher.id}]},
        "operations": {
            "nodes": [{"operationType": "GRANT_SUB_QUOTA", "transactionId": record.transaction_id}]
        },
    }
    assert set(rpcs.counts.values()) == {1}
