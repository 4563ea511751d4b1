"""The operation record, the kinds there are, and what one tells of."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.tables import BillingTable
from services.kit.database import PartnerRow


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
        ForeignKeyConstraint(
            ["tenant_id", "sub_quota_id"],
            ["voucher_quotas.tenant_id", "voucher_quotas.id"],
            name="voucher_operations_sub_quota_id_fkey",
        ),
        CheckConstraint("result IN ('SUCCESS', 'FAILURE')", name="result"),
        CheckConstraint(
            "(result = 'FAILURE') = (failure_reason IS NOT NULL)", name="failure_reason"
        ),
        CheckConstraint("result = 'SUCCESS' OR transaction_id IS NULL", name="transaction_id"),
        Index("voucher_operations_operate_time_idx", "tenant_id", "operate_time", "id"),
        Index("voucher_operations_quota_id_idx", "tenant_id", "quota_id", "operate_time", "id"),
        Index("voucher_operations_voucher_id_idx", "tenant_id", "voucher_id"),
    )

    operation_type: Mapped[str]
    quota_id: Mapped[UUID]
    # The quota above it, for a reseller's.
    parent_quota_id: Mapped[UUID | None]
    # The reseller's quota that was made or taken back.
    sub_quota_id: Mapped[UUID | None]
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
    # The transfer that moved the amount.
    transaction_id: Mapped[UUID | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What is done, by whom, when, and with which note: the same for all of one request."""

    operation_type: VoucherOperationType
    operator: str
    now: datetime
    remark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What it is done to; the partner is the one whose record it is."""

    tenant_id: UUID
    partner_id: UUID
    quota_id: UUID
    parent_quota_id: UUID | None = None
    sub_quota_id: UUID | None = None
    voucher_id: UUID | None = None
    customer_id: UUID | None = None
    indirect_partner_id: UUID | None = None
