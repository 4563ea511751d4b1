"""Vouchers as messages, and what clients ask of them."""

from functools import partial
from typing import Final

from partner.billing.v1 import vouchers_pb2
from services.billing.voucher_quotas.messages import COUPON_TYPES, balance_parts, limit_messages
from services.billing.vouchers import operations
from services.billing.vouchers.filters import VoucherFilter
from services.kit import ids, wire
from services.kit.fields import Field, Fields
from services.kit.money import Money

FILTER_IDS_MAX: Final = 50

STATES: Final = wire.Words(vouchers_pb2.VoucherState, prefix="VOUCHER_STATE_")

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


def to_terms(request: vouchers_pb2.IssueVouchersRequest) -> operations.Terms:
    return operations.Terms(
        face_value=Money.from_message(request.face_value, field="face_value"),
        effective_time=wire.to_time(request, "effective_time"),
        expire_time=wire.to_time(request, "expire_time"),
        min_order_amount=Money.from_message(request.min_order_amount, field="min_order_amount")
        if request.HasField("min_order_amount")
        else None,
        service_type_codes=list(request.service_type_codes),
        product_ids=list(request.product_ids),
        memo=wire.to_text(request, "memo"),
    )


def to_filter(message: vouchers_pb2.VoucherFilter) -> VoucherFilter:
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
        indirect_partner_id=wire.to_id(message, "indirect_partner_id", "ptr", path="filter"),
        quota_id=wire.to_id(message, "quota_id", "quo", path="filter"),
    )
