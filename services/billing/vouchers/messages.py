"""Vouchers and their operation records as messages."""

from functools import partial
from typing import Final

from partner.billing.v1 import vouchers_pb2
from services.billing.voucher_quotas.messages import COUPON_TYPES, balance_parts, limit_messages
from services.kit import ids, wire
from services.kit.fields import Field, Fields

STATES: Final = wire.Words(vouchers_pb2.VoucherState, prefix="VOUCHER_STATE_")
OPERATION_TYPES: Final = wire.Words(
    vouchers_pb2.VoucherOperationType, prefix="VOUCHER_OPERATION_TYPE_"
)
RESULTS: Final = wire.Words(vouchers_pb2.VoucherOperationResult, prefix="VOUCHER_OPERATION_RESULT_")

VOUCHER: Final = Fields(
    vouchers_pb2.Voucher,
    id=Field(partial(ids.to_text, "cpn")),
    quota_id=Field(partial(ids.to_text, "quo")),
    issuer_id=Field(partial(ids.to_text, "ptr"), "partner_id"),
    customer_id=Field(partial(ids.to_text, "cus")),
    coupon_type=Field(COUPON_TYPES.number),
    face_value=Field(wire.money_parts, "face_value", "currency_code"),
    balance=Field(balance_parts, "balance_units", "currency_code"),
    state=Field(STATES.number),
    effective_time=Field(wire.time_parts),
    expire_time=Field(wire.time_parts),
    last_use_time=Field(wire.time_parts),
    create_time=Field(wire.time_parts),
    order_number=Field(),
    lock_order_number=Field(None, "shown_lock"),
    frozen=Field(None, "is_frozen"),
    use_limits=Field(limit_messages),
    memo=Field(None, "memo_for_reader"),
)

OPERATION: Final = Fields(
    vouchers_pb2.VoucherOperation,
    id=Field(partial(ids.to_text, "vop")),
    operation_type=Field(OPERATION_TYPES.number),
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
