"""The voucher quota, what may be granted, and what its state is at a time."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    Uuid,
    case,
    func,
    literal,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.ledger.chart import Unit
from services.billing.tables import BillingTable
from services.billing.voucher_quotas.limits import UseLimit
from services.kit import ids
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument
from services.kit.money import Money

DECIMALS_MAX: Final = 2
AMOUNT_MAX: Final = Decimal(10) ** 15
LIMITS_MAX: Final = 50


class CouponType(StrEnum):
    VOUCHER = "VOUCHER"
    CASH_COUPON = "CASH_COUPON"


class VoucherQuotaState(StrEnum):
    NORMAL = "NORMAL"
    INVALID = "INVALID"
    ADJUSTING = "ADJUSTING"
    FROZEN = "FROZEN"
    RECLAIMED = "RECLAIMED"


class VoucherQuota(PartnerRow, BillingTable):
    """An amount out of which a partner issues vouchers."""

    __tablename__ = "voucher_quotas"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "parent_quota_id"],
            ["voucher_quotas.tenant_id", "voucher_quotas.id"],
            name="voucher_quotas_parent_quota_id_fkey",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name="voucher_quotas_account_id_fkey",
        ),
        CheckConstraint("coupon_type IN ('VOUCHER', 'CASH_COUPON')", name="coupon_type"),
        CheckConstraint(
            "state IN ('NORMAL', 'INVALID', 'ADJUSTING', 'FROZEN', 'RECLAIMED')", name="state"
        ),
        CheckConstraint("face_total > 0", name="face_total"),
        CheckConstraint("effective_time < expire_time", name="validity"),
        Index("voucher_quotas_expire_time_idx", "tenant_id", "expire_time", "id"),
        Index("voucher_quotas_create_time_idx", "tenant_id", "create_time", "id"),
    )

    parent_quota_id: Mapped[UUID | None]
    # Of the ledger; what is left of the quota is its balance.
    account_id: Mapped[UUID]
    coupon_type: Mapped[str]
    currency_code: Mapped[str]
    face_total: Mapped[Decimal] = mapped_column(Numeric(20, 2))
    # What was decided about it; time is added by `state_at`.
    state: Mapped[str] = mapped_column(Text)
    effective_time: Mapped[datetime]
    expire_time: Mapped[datetime]
    limits: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    # Who may get vouchers out of it; empty means any customer.
    customer_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    update_time: Mapped[datetime] = mapped_column(server_default=func.now())

    @classmethod
    def state_at(cls, now: datetime) -> ColumnElement[str]:
        """Say in SQL where a quota stands at a time: queries filter by what they show."""
        has_expired = (cls.expire_time <= now) & (cls.state != VoucherQuotaState.RECLAIMED)
        return case((has_expired, literal(VoucherQuotaState.INVALID.value)), else_=cls.state)

    def can_be_issued_from(self, now: datetime) -> bool:
        is_valid = self.effective_time <= now < self.expire_time
        return is_valid and self.state == VoucherQuotaState.NORMAL

    @property
    def unit(self) -> Unit:
        """Give what the ledger counts: vouchers of one root quota stay among themselves."""
        return unit_of(self.parent_quota_id or self.id, currency_code=self.currency_code)

    @property
    def use_limits(self) -> list[UseLimit]:
        return [UseLimit.from_json(values) for values in self.limits]


def unit_of(root_quota_id: UUID, *, currency_code: str) -> Unit:
    return Unit(
        currency_code, exponent=DECIMALS_MAX, book=f"VQ:{ids.to_text('quo', root_quota_id)}"
    )


def refuse_odd_amount(amount: Money, *, field: str) -> None:
    """Let an amount be above zero, in whole hundredths, and not absurd.

    :raises InvalidArgument:
    """
    if amount.amount <= 0:
        raise InvalidArgument("must be above 0", field=f"{field}.amount")
    if amount.amount != round(amount.amount, DECIMALS_MAX):
        raise InvalidArgument(f"must have at most {DECIMALS_MAX} decimals", field=f"{field}.amount")
    if amount.amount >= AMOUNT_MAX:
        raise InvalidArgument(f"must be below {AMOUNT_MAX:f}", field=f"{field}.amount")


def refuse_odd_validity(effective_time: datetime, expire_time: datetime, *, now: datetime) -> None:
    """Let a validity begin before it ends, and end in the future.

    :raises InvalidArgument:
    """
    if expire_time <= effective_time:
        raise InvalidArgument("must be after effective_time", field="expire_time")
    if expire_time <= now:
        raise InvalidArgument("must be in the future", field="expire_time")


def refuse_odd_limits(limits: Sequence[UseLimit]) -> None:
    """Let limits be few, and each mean something.

    :raises InvalidArgument:
    """
    if len(limits) > LIMITS_MAX:
        raise InvalidArgument(f"must be at most {LIMITS_MAX}", field="limits")
    for index, limit in enumerate(limits):
        limit.check(field=f"limits[{index}]")
