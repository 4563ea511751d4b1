"""Use limits of quotas and vouchers: what each may say, and which are narrower than others."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from services.kit import ids
from services.kit.errors import InvalidArgument, Refusal
from services.kit.money import Money, decimal_from_text, decimal_text

VALUE_LENGTH_MAX: Final = 200


class LimitKey(StrEnum):
    ORDER_AMOUNT = "ORDER_AMOUNT"
    SERVICE_TYPE = "SERVICE_TYPE"
    REGION_CODE = "REGION_CODE"
    PRODUCT_ID = "PRODUCT_ID"
    CHARGING_MODE = "CHARGING_MODE"
    ORDER_TYPE = "ORDER_TYPE"
    MIN_CONSUME_DISCOUNT = "MIN_CONSUME_DISCOUNT"
    SIMULTANEOUS_USE_WITH_EMPOWER_DISCOUNT = "SIMULTANEOUS_USE_WITH_EMPOWER_DISCOUNT"
    USAGE_RATIO = "USAGE_RATIO"
    CUSTOMER_ID = "CUSTOMER_ID"


class LimitExceedsQuota(Refusal):
    pass


@dataclass(frozen=True, slots=True)
class UseLimit:
    """One restriction; what its values mean depends on its key (domain.md 6.8)."""

    key: str
    value1: str
    value2: str | None = None
    value_unit: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        return cls(**values)

    def check(self, *, field: str) -> None:
        """Refuse values that the key gives no meaning to.

        :raises InvalidArgument:
        """
        texts = (self.value1, self.value2 or "", self.value_unit or "")
        if not self.value1 or max(map(len, texts)) > VALUE_LENGTH_MAX:
            raise InvalidArgument(
                f"must have 1 to {VALUE_LENGTH_MAX} characters", field=f"{field}.value1"
            )
        if self.key == LimitKey.ORDER_AMOUNT:
            lower, upper = self.bounds(field=field)
            if upper is not None and upper < lower:
                raise InvalidArgument("must not be below value1", field=f"{field}.value2")
        elif self.key == LimitKey.CUSTOMER_ID:
            ids.from_text("cus", self.value1, field=f"{field}.value1")
        elif (known := _PATTERNS.get(self.key)) and not known.fullmatch(self.value1):
            raise InvalidArgument(f"is no value of {self.key}", field=f"{field}.value1")

    def bounds(self, *, field: str = "limits") -> tuple[Decimal, Decimal | None]:
        """Give the lowest and the highest order amount."""
        lower = decimal_from_text(self.value1, field=f"{field}.value1")
        upper = self.value2 and decimal_from_text(self.value2, field=f"{field}.value2")
        return lower, upper or None


_PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    LimitKey.MIN_CONSUME_DISCOUNT: re.compile(r"0(\.\d{1,4})?|1(\.0{1,4})?"),
    LimitKey.SIMULTANEOUS_USE_WITH_EMPOWER_DISCOUNT: re.compile(r"[01]"),
    LimitKey.USAGE_RATIO: re.compile(r"100|\d{1,2}(\.\d{1,2})?"),
}


def recipients(limits: Iterable[UseLimit], customer_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Give the customers that a quota allows; none means any."""
    named = {
        ids.from_text("cus", limit.value1, field="limits")
        for limit in limits
        if limit.key == LimitKey.CUSTOMER_ID
    }
    return frozenset(named | set(customer_ids))


def narrowed(
    limits: Sequence[UseLimit],
    *,
    service_type_codes: Sequence[str],
    product_ids: Sequence[str],
    min_order_amount: Money | None,
) -> list[UseLimit]:
    """Give a voucher's limits: the quota's, narrowed by what its issuer asks for.

    :raises LimitExceedsQuota: where the issuer asks for more than the quota allows.
    """
    # Who may get it says nothing of what it may be used for.
    mine = [limit for limit in limits if limit.key != LimitKey.CUSTOMER_ID]
    mine = _named_only(mine, LimitKey.SERVICE_TYPE, service_type_codes)
    mine = _named_only(mine, LimitKey.PRODUCT_ID, product_ids)
    return mine if min_order_amount is None else _from_amount(mine, min_order_amount.amount)


def _named_only(limits: Sequence[UseLimit], key: LimitKey, codes: Sequence[str]) -> list[UseLimit]:
    if not codes:
        return list(limits)
    allowed = {limit.value1: limit for limit in limits if limit.key == key}
    if allowed and not allowed.keys() >= set(codes):
        raise LimitExceedsQuota("the quota is limited to others", limit=key)
    others = [limit for limit in limits if limit.key != key]
    # The quota knows more of a code than the issuer says: its name, its unit.
    return others + [allowed.get(code, UseLimit(key, code)) for code in dict.fromkeys(codes)]


def _from_amount(limits: Sequence[UseLimit], lowest: Decimal) -> list[UseLimit]:
    key = LimitKey.ORDER_AMOUNT
    bounds = [limit.bounds() for limit in limits if limit.key == key]
    uppers = [upper for _, upper in bounds if upper is not None]
    if any(lowest < lower for lower, _ in bounds) or any(lowest > upper for upper in uppers):
        raise LimitExceedsQuota("the quota is limited to other order amounts", limit=key)
    upper = decimal_text(min(uppers)) if uppers else None
    others = [limit for limit in limits if limit.key != key]
    return [*others, UseLimit(key, decimal_text(lowest), upper)]
