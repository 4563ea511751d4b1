"""Coupon types and use limits on the wire, which quotas and vouchers have in common."""

from collections.abc import Iterable
from typing import Final

from partner.billing.v1 import vouchers_pb2
from services.billing.voucher_quotas.limits import UseLimit
from services.kit import wire

COUPON_TYPES: Final = wire.Words(vouchers_pb2.CouponType, prefix="COUPON_TYPE_")
_KEYS: Final = wire.Words(vouchers_pb2.LimitKey, prefix="LIMIT_KEY_")


def to_limits(messages: Iterable[vouchers_pb2.UseLimit]) -> list[UseLimit]:
    return [
        UseLimit(
            key=_KEYS.required_word(message.key, field=f"limits[{index}].key"),
            value1=message.value1,
            value2=wire.to_text(message, "value2"),
            value_unit=wire.to_text(message, "value_unit"),
        )
        for index, message in enumerate(messages)
    ]


def limit_messages(limits: Iterable[UseLimit]) -> list[vouchers_pb2.UseLimit]:
    return [
        vouchers_pb2.UseLimit(
            key=_KEYS.number(limit.key),
            value1=limit.value1,
            value2=limit.value2,
            value_unit=limit.value_unit,
        )
        for limit in limits
    ]
