"""Adjustments as messages, and their filter from one."""

from functools import partial
from typing import Final

from partner.billing.v1 import adjustments_pb2
from services.billing.adjustments.queries import AdjustmentFilter
from services.billing.links.model import refuse_other_resellers
from services.kit import ids, wire
from services.kit.fields import Field, Fields
from services.kit.identity import Scope

TYPES: Final = wire.Words(adjustments_pb2.AdjustmentType, prefix="ADJUSTMENT_TYPE_")
KINDS: Final = wire.Words(adjustments_pb2.AdjustmentKind, prefix="ADJUSTMENT_KIND_")

ADJUSTMENT: Final = Fields(
    adjustments_pb2.Adjustment,
    id=Field(partial(ids.to_text, "adj")),
    transaction_id=Field(partial(ids.to_text, "txn")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    customer_id=Field(partial(wire.id_text, "cus")),
    target_partner_id=Field(partial(wire.id_text, "ptr")),
    operation_type=Field(TYPES.number),
    kind=Field(KINDS.number),
    amount=Field(wire.money_parts, "amount", "currency_code"),
    operate_time=Field(wire.time_parts),
    operator=Field(),
    memo=Field(),
)


def to_filter(message: adjustments_pb2.AdjustmentFilter, *, scope: Scope) -> AdjustmentFilter:
    reseller = wire.to_id(message, "indirect_partner_id", "ptr", path="filter")
    refuse_other_resellers(scope, indirect_partner_id=reseller)
    return AdjustmentFilter(
        customer_id=wire.to_id(message, "customer_id", "cus", path="filter"),
        target_partner_id=wire.to_id(message, "target_partner_id", "ptr", path="filter"),
        target_name=wire.to_text(message, "target_name"),
        operation_types=TYPES.required_words(
            message.operation_types, field="filter.operation_types"
        ),
        kind=KINDS.word(message.kind),
        operate_time=wire.to_time_range(message, "operate_time"),
        transaction_id=wire.to_id(message, "transaction_id", "txn", path="filter"),
        indirect_partner_id=reseller,
    )
