"""Every page of billing's lists begins in an index right where the one before it ended."""

import re
from typing import Any

import pytest
import pytest_asyncio

from partner.billing.v1 import (
    adjustments_pb2,
    consumption_pb2,
    contracts_pb2,
    voucher_quotas_pb2,
    vouchers_pb2,
)
from tests.builders.plans import plan
from tests.builders.principals import an_administrator
from tests.builders.running import RunningService
from tests.builders.spending import Spending, a_spending_tenant

DETAILS = "consumption_details_202409_tenant_id_partner_id"
SUM_KEYS = "billing_cycle, customer_id, service_type_code, charging_mode, bill_type, currency_code"
# A list and its order, the index that has it, and what a place in it is compared with.
LISTS = [
    ("ListVoucherQuotas", "EXPIRE_TIME_ASC", "voucher_quotas_expire_time_idx", "expire_time, id"),
    ("ListVoucherQuotas", "EXPIRE_TIME_DESC", "voucher_quotas_expire_time_idx", "expire_time, id"),
    ("ListVoucherQuotas", "CREATE_TIME_ASC", "voucher_quotas_create_time_idx", "create_time, id"),
    ("ListVoucherQuotas", "CREATE_TIME_DESC", "voucher_quotas_create_time_idx", "create_time, id"),
    ("ListVouchers", "CREATE_TIME_DESC", "vouchers_create_time_idx", "create_time, id"),
    ("ListVouchers", "CREATE_TIME_ASC", "vouchers_create_time_idx", "create_time, id"),
    ("ListVouchers", "EXPIRE_TIME_ASC", "vouchers_expire_time_idx", "expire_time, id"),
    ("ListVouchers", "EXPIRE_TIME_DESC", "vouchers_expire_time_idx", "expire_time, id"),
    (
        "ListVoucherOperations",
        "OPERATE_TIME_DESC",
        "voucher_operations_operate_time_idx",
        "operate_time, id",
    ),
    (
        "ListVoucherOperations",
        "OPERATE_TIME_ASC",
        "voucher_operations_operate_time_idx",
        "operate_time, id",
    ),
    ("ListAdjustments", "OPERATE_TIME_DESC", "adjustments_operate_time_idx", "operate_time, id"),
    ("ListAdjustments", "OPERATE_TIME_ASC", "adjustments_operate_time_idx", "operate_time, id"),
    ("ListContracts", "CREATE_TIME_DESC", "contracts_create_time_idx", "create_time, id"),
    ("ListContracts", "CREATE_TIME_ASC", "contracts_create_time_idx", "create_time, id"),
    ("ListConsumptionDetails", "CONSUME_TIME_DESC", f"{DETAILS}_consume", "consume_time, id"),
    ("ListConsumptionDetails", "CONSUME_TIME_ASC", f"{DETAILS}_consume", "consume_time, id"),
    ("ListConsumptionDetails", "PAYABLE_AMOUNT_DESC", f"{DETAILS}_payable", "payable_order, id"),
    ("ListConsumptionDetails", "PAYABLE_AMOUNT_ASC", f"{DETAILS}_payable", "payable_order, id"),
    ("ListConsumptionSummaries", None, "consumption_sums_partner_idx", f"{SUM_KEYS}, customer_id"),
]
ORDERS: dict[str, Any] = {
    "ListVoucherQuotas": voucher_quotas_pb2.VoucherQuotaOrder,
    "ListVouchers": vouchers_pb2.VoucherOrder,
    "ListVoucherOperations": vouchers_pb2.VoucherOperationOrder,
    "ListAdjustments": adjustments_pb2.AdjustmentOrder,
    "ListContracts": contracts_pb2.ContractOrder,
    "ListConsumptionDetails": consumption_pb2.ConsumptionOrder,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def spending(running: Any) -> Spending:
    return await a_spending_tenant(await running("billing"), customers=3, each=3)


def asking(spending: Spending, name: str) -> Any:
    """Give the request of an rpc, for two rows."""
    (request,) = (one for one in spending.requests if type(one).__name__ == f"{name}Request")
    request.page_size = 2
    return request


@pytest.mark.parametrize(("name", "order", "index", "place"), LISTS)
async def test_a_page_begins_in_the_index_where_the_one_before_it_ended(
    billing: RunningService,
    spending: Spending,
    name: str,
    order: str | None,
    index: str,
    place: str,
) -> None:
    principal = an_administrator(spending.tenant)
    request = asking(spending, name)
    if order is not None:
        numbers = {key.partition("_ORDER_")[2]: value for key, value in ORDERS[name].items()}
        request.order_by = numbers[order]

    first = await plan(billing, request, principal=principal)
    request.page_token = (await billing.call(request, principal=principal)).next_page_token
    second = await plan(billing, request, principal=principal)

    for shown in (first, second):
        assert re.search(rf"Index Scan (Backward )?using {index}", shown), shown
        assert "Sort" not in shown
    assert re.search(rf"Index Cond: .*ROW\({place}\) [<>] ROW", second), second


@pytest.mark.parametrize("name", ["ListConsumptionDetails", "ListConsumptionSummaries"])
async def test_the_end_of_a_range_does_not_move_where_a_page_begins(
    billing: RunningService, spending: Spending, name: str
) -> None:
    principal = an_administrator(spending.tenant)
    request = asking(spending, name)
    if name == "ListConsumptionDetails":
        request.filter.consume_date_to.year = 2024
        request.filter.consume_date_to.month = 9
        request.filter.consume_date_to.day = 30

    request.page_token = (await billing.call(request, principal=principal)).next_page_token
    shown = await plan(billing, request, principal=principal)

    (condition,) = (line for line in shown.splitlines() if "Index Cond" in line and "ROW(" in line)
    assert not re.search(r"\((consume_time|billing_cycle) <=? ", condition)
