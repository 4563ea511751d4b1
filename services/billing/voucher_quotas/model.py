"""The voucher quota, what may be granted, and what its state is at a time."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Final
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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.ledger.chart import TransferCode, Unit
from services.billing.ledger.model import Posting
from services.billing.tables import BillingTable
from services.billing.voucher_quotas.limits import UseLimit
from services.kit import ids
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument, Refusal
from services.kit.money import Money

DECIMALS_MAX: Final = 2
AMOUNT_MAX: Final = Decimal(10) ** 15
LIMITS_MAX: Final = 50
RECIPIENTS_MAX: Final = 10
RECLAIMED_MAX: Final = 100
NOTE_LENGTH_MAX: Final = 200


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
        Index("voucher_quotas_expire_time_idx", "tenant_id", "partner_id", "expire_time", "id"),
        Index("voucher_quotas_create_time_idx", "tenant_id", "partner_id", "create_time", "id"),
        Index(
            "voucher_quotas_parent_quota_id_idx",
            "tenant_id",
            "parent_quota_id",
            "expire_time",
            "id",
            postgresql_where=text("parent_quota_id IS NOT NULL"),
        ),
        Index("voucher_quotas_due_idx", "due_time", postgresql_where=text("due_time IS NOT NULL")),
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
    # When what is left of it falls due to go on; none once it has. Whatever returns is due anew.
    due_time: Mapped[datetime | None]
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

    def is_normal(self, now: datetime) -> bool:
        return self.state == VoucherQuotaState.NORMAL and now < self.expire_time

    def can_be_issued_from(self, now: datetime) -> bool:
        return self.is_normal(now) and self.effective_time <= now

    def take_returned(self, now: datetime) -> None:
        """Let what returns go on, where nothing can be issued from the quota any more."""
        if self.due_time is None:
            self.due_time = now

    def refuse_other_currency(self, amount: Money | None, *, field: str) -> None:
        """Let amounts be in the quota's currency.

        :raises InvalidArgument:
        """
        if amount is not None and amount.currency_code != self.currency_code:
            raise InvalidArgument(
                f"must be {self.currency_code}, the quota's", field=f"{field}.currency_code"
            )

    @property
    def unit(self) -> Unit:
        """Give what the ledger counts: vouchers of one root quota stay among themselves."""
        return unit_of(self.parent_quota_id or self.id, currency_code=self.currency_code)

    @property
    def use_limits(self) -> list[UseLimit]:
        return [UseLimit.from_json(values) for values in self.limits]


class QuotaNotFoundOrState(Refusal):
    pass


class QuotaInsufficient(Refusal):
    pass


class CouponTypeNotAllowed(Refusal):
    pass


class TooManyRecipients(Refusal):
    code: ClassVar[str] = "INVALID_ARGUMENT"


class RecipientNotAllowed(Refusal):
    pass


def unit_of(root_quota_id: UUID, *, currency_code: str) -> Unit:
    return Unit(
        currency_code, exponent=DECIMALS_MAX, book=f"VQ:{ids.to_text('quo', root_quota_id)}"
    )


def posting_between(
    code: TransferCode,
    *,
    debit: VoucherQuota,
    credit: VoucherQuota,
    amount: Money,
    id: UUID,  # noqa: A002 - the transfer's own, as in Posting
) -> Posting:
    """Move an amount from one quota to another of the same root."""
    return Posting(
        id=id,
        code=code,
        debit_account_id=debit.account_id,
        credit_account_id=credit.account_id,
        amount=amount,
        unit=debit.unit,
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


def refuse_many_recipients(recipients: Sequence[UUID], *, field: str) -> None:
    """Let few be given to at once.

    :raises TooManyRecipients:
    """
    if len(recipients) > RECIPIENTS_MAX:
        raise TooManyRecipients(f"must be at most {RECIPIENTS_MAX}", field=field)


def refuse_long_note(note: str | None, *, field: str) -> None:
    """Let a note be short.

    :raises InvalidArgument:
    """
    if note is not None and len(note) > NOTE_LENGTH_MAX:
        raise InvalidArgument(f"must have at most {NOTE_LENGTH_MAX} characters", field=field)
