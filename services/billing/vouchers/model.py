"""The voucher, its operation records, and why one is not issued."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Numeric,
    case,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.ledger.model import Account
from services.billing.links.model import CustomerLink
from services.billing.tables import BillingTable
from services.billing.voucher_quotas.limits import UseLimit
from services.billing.voucher_quotas.model import VoucherQuota
from services.kit import ids
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument, Refusal

RECIPIENTS_MAX: Final = 10
CODES_MAX: Final = 10
MEMO_LENGTH_MAX: Final = 200
# Vouchers that expired longer ago are not listed any more (domain.md 6.7).
MONTHS_LISTED: Final = 12
MONTHS_LISTED_FOR_CUSTOMERS: Final = 6


class VoucherState(StrEnum):
    INACTIVE = "INACTIVE"
    USABLE = "USABLE"
    USED = "USED"
    EXPIRED = "EXPIRED"
    RECLAIMED = "RECLAIMED"


class VoucherOperationType(StrEnum):
    ISSUE = "ISSUE"
    MANUAL_RECLAIM = "MANUAL_RECLAIM"
    UNBIND_RECLAIM = "UNBIND_RECLAIM"
    EXPIRY_RECLAIM = "EXPIRY_RECLAIM"
    UNSUBSCRIBE_RECLAIM = "UNSUBSCRIBE_RECLAIM"
    TOPUP_REFUND_REVOKE = "TOPUP_REFUND_REVOKE"
    ASSOCIATION_RECLAIM = "ASSOCIATION_RECLAIM"
    MODE_SWITCH_RECLAIM = "MODE_SWITCH_RECLAIM"
    RESELLER_TRANSFER = "RESELLER_TRANSFER"
    GRANT_SUB_QUOTA = "GRANT_SUB_QUOTA"
    RECLAIM_SUB_QUOTA = "RECLAIM_SUB_QUOTA"


class VoucherOperationResult(StrEnum):
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class Voucher(PartnerRow, BillingTable):
    """What a partner issued to a customer; partner_id is its issuer's."""

    __tablename__ = "vouchers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "quota_id"],
            ["voucher_quotas.tenant_id", "voucher_quotas.id"],
            name="vouchers_quota_id_fkey",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name="vouchers_account_id_fkey",
        ),
        CheckConstraint("coupon_type IN ('VOUCHER', 'CASH_COUPON')", name="coupon_type"),
        CheckConstraint("face_value > 0", name="face_value"),
        CheckConstraint("effective_time < expire_time", name="validity"),
        Index("vouchers_expire_time_idx", "tenant_id", "expire_time", "id"),
        Index("vouchers_create_time_idx", "tenant_id", "create_time", "id"),
        Index("vouchers_customer_expire_time_idx", "tenant_id", "customer_id", "expire_time", "id"),
        Index("vouchers_customer_create_time_idx", "tenant_id", "customer_id", "create_time", "id"),
        Index("vouchers_quota_id_idx", "tenant_id", "quota_id", "id"),
    )

    customer_id: Mapped[UUID]
    quota_id: Mapped[UUID]
    # Of the ledger; what is left of the voucher is its balance.
    account_id: Mapped[UUID]
    coupon_type: Mapped[str]
    currency_code: Mapped[str]
    face_value: Mapped[Decimal] = mapped_column(Numeric(20, 2))
    effective_time: Mapped[datetime]
    expire_time: Mapped[datetime]
    last_use_time: Mapped[datetime | None]
    reclaim_time: Mapped[datetime | None]
    order_number: Mapped[str | None]
    lock_order_number: Mapped[str | None]
    is_frozen: Mapped[bool] = mapped_column(server_default=text("false"))
    use_limits: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    memo: Mapped[str | None]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    @classmethod
    def state_at(cls, now: ColumnElement[datetime]) -> ColumnElement[str]:
        """Say in SQL, joined with its account, where a voucher stands at a time."""
        return case(
            (cls.reclaim_time.is_not(None), VoucherState.RECLAIMED.value),
            (Account.credits_posted == Account.debits_posted, VoucherState.USED.value),
            (cls.expire_time <= now, VoucherState.EXPIRED.value),
            (cls.effective_time > now, VoucherState.INACTIVE.value),
            else_=VoucherState.USABLE.value,
        )


class VoucherOperation(PartnerRow, BillingTable):
    """What was done, or refused, to a quota or voucher; written once."""

    __tablename__ = "voucher_operations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "quota_id"],
            ["voucher_quotas.tenant_id", "voucher_quotas.id"],
            name="voucher_operations_quota_id_fkey",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "voucher_id"],
            ["vouchers.tenant_id", "vouchers.id"],
            name="voucher_operations_voucher_id_fkey",
        ),
        CheckConstraint("result IN ('SUCCESS', 'FAILURE')", name="result"),
        CheckConstraint(
            "(result = 'FAILURE') = (failure_reason IS NOT NULL)", name="failure_reason"
        ),
        Index("voucher_operations_operate_time_idx", "tenant_id", "operate_time", "id"),
        Index("voucher_operations_quota_id_idx", "tenant_id", "quota_id", "operate_time", "id"),
        Index("voucher_operations_voucher_id_idx", "tenant_id", "voucher_id"),
    )

    operation_type: Mapped[str]
    quota_id: Mapped[UUID]
    parent_quota_id: Mapped[UUID | None]
    voucher_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    indirect_partner_id: Mapped[UUID | None]
    currency_code: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(20, 2))
    operate_time: Mapped[datetime]
    operator: Mapped[str]
    result: Mapped[str]
    failure_reason: Mapped[str | None]
    remark: Mapped[str | None]


class QuotaNotFoundOrState(Refusal):
    pass


class QuotaInsufficient(Refusal):
    pass


class ValidityExceedsQuota(Refusal):
    pass


class TooManyRecipients(Refusal):
    code: ClassVar[str] = "INVALID_ARGUMENT"


class NotSubCustomer(Refusal):
    pass


class AdvisoryNotAllowed(Refusal):
    pass


class RecipientNotAllowed(Refusal):
    pass


def refusal_of_recipient(
    customer_id: UUID,
    *,
    link: CustomerLink | None,
    quota: VoucherQuota,
    allowed: frozenset[UUID],
) -> Refusal | None:
    """Say why a customer may not get a voucher out of a quota; None where it may."""
    named = {"customer_id": ids.to_text("cus", customer_id)}
    if link is None or link.partner_id != quota.partner_id:
        return NotSubCustomer("the customer is not associated with you", **named)
    if not link.may_receive_vouchers():
        return AdvisoryNotAllowed("customers of referral sale get no vouchers", **named)
    if allowed and customer_id not in allowed:
        return RecipientNotAllowed("the quota does not allow this customer", **named)
    return None


def validity_within(
    quota: VoucherQuota, *, effective_time: datetime | None, expire_time: datetime | None
) -> tuple[datetime, datetime]:
    """Give a voucher's validity: what is asked for, by default the quota's.

    :raises ValidityExceedsQuota:
    """
    begin, end = effective_time or quota.effective_time, expire_time or quota.expire_time
    for field, exceeds in (
        ("effective_time", not quota.effective_time <= begin < quota.expire_time),
        ("expire_time", not quota.effective_time < end <= quota.expire_time),
    ):
        if exceeds:
            raise ValidityExceedsQuota("the quota is valid for a shorter time", field=field)
    return begin, end


def refuse_long_inputs(
    *, service_type_codes: list[str], product_ids: list[str], memo: str | None
) -> None:
    """Let lists and texts be of bounded length.

    :raises InvalidArgument:
    """
    for field, codes in (("service_type_codes", service_type_codes), ("product_ids", product_ids)):
        if len(codes) > CODES_MAX:
            raise InvalidArgument(f"must be at most {CODES_MAX}", field=field)
        for index, code in enumerate(codes):
            UseLimit(field, code).check(field=f"{field}[{index}]")
    if memo is not None and len(memo) > MEMO_LENGTH_MAX:
        raise InvalidArgument(f"must have at most {MEMO_LENGTH_MAX} characters", field="memo")
