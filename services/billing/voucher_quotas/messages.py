"""Quotas as messages, and what vouchers have in common: coupon types, limits, balances."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID

from partner.billing.v1 import voucher_quotas_pb2, vouchers_pb2
from services.billing.voucher_quotas.limits import UseLimit
from services.billing.voucher_quotas.model import DECIMALS_MAX
from services.kit import ids, wire
from services.kit.errors import Refusal
from services.kit.fields import Field, Fields
from services.kit.money import EXACT

COUPON_TYPES: Final = wire.Words(vouchers_pb2.CouponType, prefix="COUPON_TYPE_")
STATES: Final = wire.Words(voucher_quotas_pb2.VoucherQuotaState, prefix="VOUCHER_QUOTA_STATE_")
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


def limit_messages(limits: Iterable[Mapping[str, Any]]) -> list[vouchers_pb2.UseLimit]:
    """Write limits as they are stored."""
    return [
        vouchers_pb2.UseLimit(**{**limit, "key": _KEYS.number(limit["key"])}) for limit in limits
    ]


def balance_parts(units: int, currency_code: str) -> dict[str, str] | None:
    """Give what an account of quotas or vouchers holds, as the fields of a Money."""
    return wire.money_parts(EXACT.scaleb(Decimal(units), -DECIMALS_MAX), currency_code)


def error_detail(refusal: Refusal | None) -> vouchers_pb2.ErrorDetail | None:
    """Say why one item of many was refused, if it was."""
    if refusal is None:
        return None
    return vouchers_pb2.ErrorDetail(reason=refusal.reason, message=refusal.message)


def _customer_ids(values: Iterable[UUID]) -> list[str]:
    return [ids.to_text("cus", value) for value in values]


QUOTA: Final = Fields(
    voucher_quotas_pb2.VoucherQuota,
    id=Field(partial(ids.to_text, "quo")),
    partner_id=Field(partial(ids.to_text, "ptr")),
    coupon_type=Field(COUPON_TYPES.number),
    parent_quota_id=Field(partial(wire.id_text, "quo")),
    face_total=Field(wire.money_parts, "face_total", "currency_code"),
    balance=Field(balance_parts, "balance_units", "currency_code"),
    state=Field(STATES.number, "shown_state"),
    effective_time=Field(wire.time_parts),
    expire_time=Field(wire.time_parts),
    create_time=Field(wire.time_parts),
    update_time=Field(wire.time_parts),
    limits=Field(limit_messages),
    customer_ids=Field(_customer_ids),
)
