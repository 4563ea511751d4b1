"""Vouchers and their operation records as messages."""

from functools import partial
from typing import Final

from partner.billing.v1 import vouchers_pb2
from services.billing.links.model import refuse_other_resellers
from services.billing.voucher_quotas.messages import COUPON_TYPES, balance_parts, limit_messages
from services.billing.vouchers.operation_records import VoucherOperationFilter
from services.billing.vouchers.queries import VoucherFilter
from services.kit import ids, wire
from services.kit.fields import Field, Fields
from services.kit.identity import Scope

FILTER_IDS_MAX: Final = 50

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
    lock_order_number=Field(),
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
)


def to_filter(message: vouchers_pb2.VoucherFilter, *, scope: Scope) -> VoucherFilter:
    """Read a filter.

    :raises IndirectPartnerForbidden: where the reseller named is not the caller's.
    """
    reseller = wire.to_id(message, "indirect_partner_id", "ptr", path="filter")
    refuse_other_resellers(scope, indirect_partner_id=reseller)
    return VoucherFilter(
        voucher_ids=tuple(
            wire.to_ids(
                "cpn", message.voucher_ids, field="filter.voucher_ids", at_most=FILTER_IDS_MAX
            )
        ),
        customer_id=wire.to_id(message, "customer_id", "cus", path="filter"),
        order_number=wire.to_text(message, "order_number"),
        coupon_type=COUPON_TYPES.word(message.coupon_type),
        states=tuple(STATES.required_words(message.states, field="filter.states")),
        create_time=wire.to_time_range(message, "create_time"),
        effective_time=wire.to_time_range(message, "effective_time"),
        expire_time=wire.to_time_range(message, "expire_time"),
        indirect_partner_id=reseller,
        quota_id=wire.to_id(message, "quota_id", "quo", path="filter"),
    )


def to_operation_filter(message: vouchers_pb2.VoucherOperationFilter) -> VoucherOperationFilter:
    """Read a filter of operation records."""
    return VoucherOperationFilter(
        operate_time=wire.to_time_range(message, "operate_time"),
        customer_name=wire.to_text(message, "customer_name"),
        indirect_partner_name=wire.to_text(message, "indirect_partner_name"),
        quota_id=wire.to_id(message, "quota_id", "quo", path="filter"),
        parent_quota_id=wire.to_id(message, "parent_quota_id", "quo", path="filter"),
        operator=wire.to_text(message, "operator"),
        operation_types=OPERATION_TYPES.required_words(
            message.operation_types, field="filter.operation_types"
        ),
        result=RESULTS.word(message.result),
        voucher_ids=wire.to_ids(
            "cpn", message.voucher_ids, field="filter.voucher_ids", at_most=FILTER_IDS_MAX
        ),
    )
