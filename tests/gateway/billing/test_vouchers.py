"""Vouchers and operation records as clients see them; issuing is tested with mutations."""

from partner.billing.v1 import vouchers_pb2
from partner.customers.v1 import customers_pb2
from tests.builders import graph_messages as messages
from tests.builders.graph import Rpcs, ask

ASKED = {
    "voucherIds": [messages.an_id("cpn")],
    "customerId": messages.an_id("cus"),
    "orderNumber": "o",
    "couponType": "VOUCHER",
    "states": ["USABLE", "USED"],
    "createTimeFrom": "2026-01-01T00:00:00Z",
    "createTimeTo": "2026-02-01T00:00:00Z",
    "effectiveTimeFrom": "2026-01-01T00:00:00Z",
    "effectiveTimeTo": "2026-02-01T00:00:00Z",
    "expireTimeFrom": "2026-01-01T00:00:00Z",
    "expireTimeTo": "2026-02-01T00:00:00Z",
    "indirectPartnerId": messages.an_id("ptr"),
    "quotaId": messages.an_id("quo"),
}


async def test_vouchers_take_every_filter() -> None:
    customer = messages.a_customer(name="云")
    voucher = messages.a_voucher(
        customer_id=customer.id,
        frozen=True,
        use_limits=[{"key": vouchers_pb2.LIMIT_KEY_PRODUCT_ID, "value1": "p"}],
    )
    rpcs = Rpcs(
        ListVouchers=vouchers_pb2.ListVouchersResponse(vouchers=[voucher]),
        BatchGetCustomers=messages.found(
            customers_pb2.BatchGetCustomersResponse, "customers", [customer]
        ),
    )

    shown = await ask(
        """query ($filter: VoucherFilter) {
          vouchers(filter: $filter, orderBy: EXPIRE_TIME_ASC) { nodes {
            frozen lastUseTime orderNumber memo useLimits { key value1 } customer { name }
          } }
        }""",
        rpcs=rpcs,
        filter=ASKED,
    )

    assert shown.errors == []
    assert shown.data["vouchers"]["nodes"] == [
        {
            "frozen": True,
            "lastUseTime": None,
            "orderNumber": None,
            "memo": None,
            "useLimits": [{"key": "PRODUCT_ID", "value1": "p"}],
            "customer": {"name": "云"},
        }
    ]
    filters = rpcs.request("ListVouchers").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(ASKED)


async def test_operation_records_take_every_filter() -> None:
    record = vouchers_pb2.VoucherOperation(
        operation_type=vouchers_pb2.VOUCHER_OPERATION_TYPE_ISSUE,
        amount=messages.money("20 USD"),
        operate_time=messages.TIME,
        operator="admin",
        result=vouchers_pb2.VOUCHER_OPERATION_RESULT_FAILURE,
        failure_reason="ADVISORY_NOT_ALLOWED",
    )
    rpcs = Rpcs(
        ListVoucherOperations=vouchers_pb2.ListVoucherOperationsResponse(operations=[record])
    )
    asked = {
        "operateTimeFrom": "2026-01-01T00:00:00Z",
        "operateTimeTo": "2026-02-01T00:00:00Z",
        "customerName": "云",
        "indirectPartnerName": "r",
        "quotaId": messages.an_id("quo"),
        "parentQuotaId": messages.an_id("quo"),
        "operator": "admin",
        "operationTypes": ["ISSUE", "MANUAL_RECLAIM"],
        "result": "FAILURE",
        "voucherIds": [messages.an_id("cpn")],
    }

    shown = await ask(
        """query ($filter: VoucherOperationFilter) {
          voucherOperations(filter: $filter) { nodes {
            operationType result failureReason amount { amount } operator voucher { id }
          } }
        }""",
        rpcs=rpcs,
        filter=asked,
    )

    assert shown.data["voucherOperations"]["nodes"] == [
        {
            "operationType": "ISSUE",
            "result": "FAILURE",
            "failureReason": "ADVISORY_NOT_ALLOWED",
            "amount": {"amount": "20"},
            "operator": "admin",
            "voucher": None,
        }
    ]
    filters = rpcs.request("ListVoucherOperations").filter
    assert {field.json_name for field, _ in filters.ListFields()} == set(asked)


async def test_an_issuer_takes_vouchers_back() -> None:
    voucher = messages.a_voucher(state=vouchers_pb2.VOUCHER_STATE_RECLAIMED)
    held = messages.an_id("cpn")
    rpcs = Rpcs(
        ReclaimVouchers=vouchers_pb2.ReclaimVouchersResponse(
            results=[
                {"voucher_id": voucher.id, "amount": messages.money("6.25 USD")},
                {
                    "voucher_id": held,
                    "error": {"reason": "VOUCHER_NOT_RECLAIMABLE", "message": "held"},
                },
            ]
        ),
        BatchGetVouchers=messages.found(
            vouchers_pb2.BatchGetVouchersResponse, "vouchers", [voucher]
        ),
    )

    shown = await ask(
        """mutation ($input: ReclaimVouchersInput!) { reclaimVouchers(input: $input) {
          results { voucher { state } amount { amount } error { reason } } userErrors { message }
        } }""",
        rpcs=rpcs,
        input={"requestId": "r", "voucherIds": [voucher.id, held], "remark": "why"},
    )

    assert shown.data["reclaimVouchers"] == {
        "results": [
            {"voucher": {"state": "RECLAIMED"}, "amount": {"amount": "6.25"}, "error": None},
            {"voucher": None, "amount": None, "error": {"reason": "VOUCHER_NOT_RECLAIMABLE"}},
        ],
        "userErrors": [],
    }
    request = rpcs.request("ReclaimVouchers")
    assert (list(request.voucher_ids), request.remark) == ([voucher.id, held], "why")
