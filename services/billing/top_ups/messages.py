"""Top-ups as messages."""

from functools import partial
from typing import Final

from partner.billing.v1 import top_ups_pb2
from services.billing.accounts.messages import cash_parts
from services.kit import ids, wire
from services.kit.fields import Field, Fields

CHANNELS: Final = wire.Words(top_ups_pb2.Channel, prefix="CHANNEL_")

TOP_UP: Final = Fields(
    top_ups_pb2.TopUp,
    id=Field(partial(ids.to_text, "tup")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    account_id=Field(partial(ids.to_text, "acc")),
    channel=Field(CHANNELS.number),
    channel_number=Field(),
    amount=Field(cash_parts, "amount", "currency_code"),
    designated_amount=Field(cash_parts, "designated_amount", "currency_code"),
    unreturned_amount=Field(cash_parts, "unreturned", "currency_code"),
    earned_bonus=Field(),
    pay_time=Field(wire.time_parts),
    create_time=Field(wire.time_parts),
    memo=Field(),
)
