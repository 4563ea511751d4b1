"""What quotas and vouchers may be used for, and what kinds of them there are."""

from enum import Enum

from gateway.kit.inputs import takes
from gateway.kit.shows import shows
from gateway.kit.words import words
from partner.billing.v1 import vouchers_pb2


@words(vouchers_pb2.CouponType)
class CouponType(Enum):
    """Filled from the contract."""


@words(vouchers_pb2.LimitKey)
class LimitKey(Enum):
    """Filled from the contract."""


@shows(vouchers_pb2.UseLimit)
class UseLimit:
    key: LimitKey
    value1: str
    value2: str | None
    value_unit: str | None


@takes(vouchers_pb2.UseLimit)
class UseLimitInput:
    key: LimitKey
    value1: str
    value2: str | None
    value_unit: str | None
