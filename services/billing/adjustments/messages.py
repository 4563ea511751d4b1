"""Adjustments as messages."""

from functools import partial
from typing import Final

from partner.billing.v1 import adjustments_pb2
from services.kit import ids, wire
from services.kit.fields import Field, Fields

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
