"""What clients ask of vouchers, in billing's own words."""

from typing import Final

from partner.billing.v1 import vouchers_pb2
from services.billing.voucher_operations.queries import VoucherOperationFilter
from services.billing.voucher_quotas.messages import COUPON_TYPES
from services.billing.vouchers import operations
from services.billing.vouchers.filters import VoucherFilter
from services.billing.vouchers.messages import OPERATION_TYPES, RESULTS, STATES
from services.kit import wire
from services.kit.money import Money

FILTER_IDS_MAX: Final = 50


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


def to_operation_filter(message: vouchers_pb2.VoucherOperationFilter) -> VoucherOperationFilter:
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
