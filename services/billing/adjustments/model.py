"""The adjustment, whom one can be made to, out of which accounts, and why it is refused."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.accounts.model import Holder
from services.billing.ledger.chart import Unit
from services.billing.links.model import (
    AssociationType,
    CustomerLink,
    IndirectPartnerForbidden,
    NotSubCustomer,
)
from services.billing.tables import BillingTable
from services.kit import ids
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument, Refusal
from services.kit.identity import Scope
from services.kit.money import Money

DECIMALS_MAX: Final = 2
AMOUNT_MAX: Final = Decimal(10) ** 15
MEMO_LENGTH_MAX: Final = 200


class AdjustmentType(StrEnum):
    ALLOCATE = "ALLOCATE"
    RECLAIM = "RECLAIM"
    UNBIND_RECLAIM = "UNBIND_RECLAIM"


class AdjustmentKind(StrEnum):
    CASH = "CASH"
    CREDIT = "CREDIT"


class Adjustment(PartnerRow, BillingTable):
    """What a partner allocated or reclaimed; partner_id is whose account stands on its side."""

    __tablename__ = "adjustments"
    __table_args__ = (
        # One movement may return cash and credit at once.
        UniqueConstraint("tenant_id", "transaction_id", "kind", name="adjustments_transaction_key"),
        CheckConstraint("num_nonnulls(customer_id, target_partner_id) = 1", name="target"),
        CheckConstraint("target_partner_id <> partner_id", name="target_partner_id"),
        CheckConstraint(
            "operation_type IN ('ALLOCATE', 'RECLAIM', 'UNBIND_RECLAIM')", name="operation_type"
        ),
        CheckConstraint("kind IN ('CASH', 'CREDIT')", name="kind"),
        CheckConstraint("amount > 0", name="amount"),
        Index("adjustments_operate_time_idx", "tenant_id", "partner_id", "operate_time", "id"),
        Index(
            "adjustments_customer_operate_time_idx",
            "tenant_id",
            "customer_id",
            "operate_time",
            "id",
        ),
    )

    transaction_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    target_partner_id: Mapped[UUID | None]
    operation_type: Mapped[str]
    kind: Mapped[str]
    currency_code: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(20, 2))
    operate_time: Mapped[datetime]
    operator: Mapped[str]
    memo: Mapped[str | None]


class AdvisoryNotAdjustable(Refusal):
    pass


class AdjustmentInProgress(Refusal):
    """Nothing was kept: the same request may come again."""

    code: ClassVar[str] = "ABORTED"


class CreditExpired(Refusal):
    pass


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an adjustment is made to: a customer, a reseller, or a customer of a reseller."""

    customer_id: UUID | None
    indirect_partner_id: UUID | None


@dataclass(frozen=True, slots=True)
class Route:
    """The two between whom an adjustment moves an amount."""

    partner: Holder
    other: Holder
    customer_id: UUID | None
    target_partner_id: UUID | None

    @classmethod
    def to_customer(cls, customer_id: UUID, *, partner_id: UUID) -> "Route":
        other = Holder.customer(customer_id, partner_id=partner_id)
        return cls(Holder.partner(partner_id), other, customer_id, None)

    @classmethod
    def to_reseller(cls, reseller_id: UUID, *, partner_id: UUID) -> "Route":
        return cls(Holder.partner(partner_id), Holder.partner(reseller_id), None, reseller_id)


def route_to(
    target: Target,
    *,
    scope: Scope,
    link: CustomerLink | None,
    resellers: Collection[UUID],
    field: str,
) -> Route | Refusal:
    """Find the two between whom to move, or say why not (domain.md 6.2, rules 1, 2, 5 and 9)."""
    partner_id = scope.own_partner_id or scope.tenant_id
    reseller_id = target.indirect_partner_id
    if reseller_id is not None:
        is_distributor = scope.partner_id is None and reseller_id != scope.tenant_id
        is_known = target.customer_id is not None or reseller_id in resellers
        if not (is_distributor and is_known):
            return IndirectPartnerForbidden(
                "the named reseller is not yours", field=f"{field}.indirect_partner_id"
            )
        if target.customer_id is None:
            return Route.to_reseller(reseller_id, partner_id=partner_id)
        partner_id = reseller_id
    assert target.customer_id is not None
    named = {"customer_id": ids.to_text("cus", target.customer_id)}
    if link is None or link.partner_id != partner_id:
        return NotSubCustomer("the customer is not associated with you", **named)
    if link.association_type == AssociationType.ADVISORY:
        return AdvisoryNotAdjustable("customers of referral sale pay for themselves", **named)
    return Route.to_customer(target.customer_id, partner_id=partner_id)


def refuse_odd_terms(amount: Money, memo: str | None) -> None:
    """Let an amount be above zero, in whole hundredths and not absurd, and a memo be short.

    :raises InvalidArgument:
    """
    if amount.amount <= 0:
        raise InvalidArgument("must be above 0", field="amount.amount")
    decimals = min(DECIMALS_MAX, Unit.cash(amount.currency_code).exponent)
    if amount.amount != round(amount.amount, decimals):
        raise InvalidArgument(f"must have at most {decimals} decimals", field="amount.amount")
    if amount.amount >= AMOUNT_MAX:
        raise InvalidArgument(f"must be below {AMOUNT_MAX:f}", field="amount.amount")
    if memo is not None and len(memo) > MEMO_LENGTH_MAX:
        raise InvalidArgument(f"must have at most {MEMO_LENGTH_MAX} characters", field="memo")
