"""Operation records as messages, and their filter from one."""

from functools import partial
from typing import Final

from partner.billing.v1 import vouchers_pb2
from services.billing.voucher_operations.queries import VoucherOperationFilter
from services.kit import ids, wire
from services.kit.fields import Field, Fields

FILTER_IDS_MAX: Final = 50

TYPES: Final = wire.Words(vouchers_pb2.VoucherOperationType, prefix="VOUCHER_OPERATION_TYPE_")
RESULTS: Final = wire.Words(vouchers_pb2.VoucherOperationResult, prefix="VOUCHER_OPERATION_RESULT_")

OPERATION: Final = Fields(
    vouchers_pb2.VoucherOperation,
    id=Field(partial(ids.to_text, "vop")),
    operation_type=Field(TYPES.number),
    quota_id=Field(partial(ids.to_text, "quo")),
    parent_quota_id=Field(partial(wire.id_text, "quo")),
    voucher_id=Field(partial(wire.id_text, "cpn")),
    customer_id=Field(partial(wire.id_text, "cus")),
    indirect_partner_id=Field(partial(wire.id_text, "ptr")),
    amount=Field(wire.money_parts, "amount", "currency_code"),
    operate_time=Field(wire.time_parts),
    operator=Field(),
    result=Field(RESULTS.number),
    failure_reason=Field(),
    remark=Field(),
    sub_quota_id=Field(partial(wire.id_text, "quo")),
    transaction_id=Field(partial(wire.id_text, "txn")),
)


def to_filter(message: vouchers_pb2.VoucherOperationFilter) -> VoucherOperationFilter:
    return VoucherOperationFilter(
        operate_time=wire.to_time_range(message, "operate_time"),
        customer_name=wire.to_text(message, "customer_name"),
        indirect_partner_name=wire.to_text(message, "indirect_partner_name"),
        quota_id=wire.to_id(message, "quota_id", "quo", path="filter"),
        parent_quota_id=wire.to_id(message, "parent_quota_id", "quo", path="filter"),
        operator=wire.to_text(message, "operator"),
        operation_types=TYPES.required_words(
            message.operation_types, field="filter.operation_types"
        ),
        result=RESULTS.word(message.result),
        voucher_ids=wire.to_ids(
            "cpn", message.voucher_ids, field="filter.voucher_ids", at_most=FILTER_IDS_MAX
        ),
    )
