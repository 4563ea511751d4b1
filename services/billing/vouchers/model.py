"""The voucher, its operation records, and why one is not issued."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
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

from services.billing.ledger.model import Account, AccountClosing
from services.billing.links.model import CustomerLink, NotSubCustomer
from services.billing.tables import BillingTable
from services.billing.voucher_quotas.limits import UseLimit
from services.billing.voucher_quotas.model import (
    RecipientNotAllowed,
    VoucherQuota,
    refuse_long_note,
)
from services.kit import ids
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument, Refusal

CODES_MAX: Final = 10
RECLAIMED_MAX: Final = 100
# Vouchers that expired longer ago are not listed, nor seen by their customer (domain.md 6.7).
MONTHS_LISTED: Final = 12
MONTHS_SEEN_BY_CUSTOMERS: Final = 6


class VoucherState(StrEnum):
    INACTIVE = "INACTIVE"
    USABLE = "USABLE"
    USED = "USED"
    EXPIRED = "EXPIRED"
    RECLAIMED = "RECLAIMED"


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
        Index("vouchers_expire_time_idx", "tenant_id", "partner_id", "expire_time", "id"),
        Index("vouchers_create_time_idx", "tenant_id", "partner_id", "create_time", "id"),
        Index("vouchers_customer_expire_time_idx", "tenant_id", "customer_id", "expire_time", "id"),
        Index("vouchers_customer_create_time_idx", "tenant_id", "customer_id", "create_time", "id"),
        Index("vouchers_quota_id_idx", "tenant_id", "quota_id", "create_time", "id"),
        Index("vouchers_due_idx", "due_time", postgresql_where=text("due_time IS NOT NULL")),
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
    # When what is left of it falls due to return to the quota; none once it has.
    due_time: Mapped[datetime | None]
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


class ValidityExceedsQuota(Refusal):
    pass


class VoucherNotReclaimable(Refusal):
    pass


class AdvisoryNotAllowed(Refusal):
    pass


def refusal_of_reclaim(*, state: str, is_held: bool) -> Refusal | None:
    """Say why a voucher can not be taken back by hand; None where it can."""
    if state != VoucherState.USABLE:
        return VoucherNotReclaimable("the voucher is not usable", state=state)
    return refusal_of_held(state=state, is_held=is_held)


def refusal_of_held(*, state: str, is_held: bool) -> Refusal | None:
    """Say that an unpaid order holds a part of a voucher; None where none does."""
    if is_held:
        return VoucherNotReclaimable("an unpaid order holds a part of the voucher", state=state)
    return None


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
    if link.is_closing:
        return AccountClosing("the customer is leaving: nothing is issued to it", **named)
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
    refuse_long_note(memo, field="memo")
