"""The customer link and the two kinds of association."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.tables import BillingTable
from services.kit.errors import Refusal
from services.kit.identity import Scope


class AssociationType(StrEnum):
    ADVISORY = "ADVISORY"
    RESALE = "RESALE"


class CustomerLink(BillingTable):
    """How a customer is linked to its partner."""

    __tablename__ = "customer_links"
    __table_args__ = (
        CheckConstraint("association_type IN ('ADVISORY', 'RESALE')", name="association_type"),
        Index("customer_links_partner_id_idx", "tenant_id", "partner_id"),
        Index("customer_links_account_manager_id_idx", "tenant_id", "account_manager_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID]
    version: Mapped[int]
    partner_name: Mapped[str]
    association_type: Mapped[str]
    account_manager_id: Mapped[UUID | None]
    account_manager_name: Mapped[str | None]
    customer_name: Mapped[str | None]
    account_name: Mapped[str]
    # Set while the customer leaves its partner: nothing more is given to it.
    is_closing: Mapped[bool] = mapped_column(server_default=text("false"))

    def may_receive_vouchers(self) -> bool:
        """Tell whether its partner may issue vouchers to it: only in a resale."""
        return self.association_type == AssociationType.RESALE


class NotSubCustomer(Refusal):
    pass


class IndirectPartnerForbidden(Refusal):
    code: ClassVar[str] = "PERMISSION_DENIED"


class NotVerified(Refusal):
    pass


def refuse_other_resellers(scope: Scope, *, indirect_partner_id: UUID | None) -> None:
    """Let only the root partner, and who speaks for it, ask for a reseller's.

    :raises IndirectPartnerForbidden: with the same words whoever is named.
    """
    if indirect_partner_id is None:
        return
    if scope.partner_id is not None or indirect_partner_id == scope.tenant_id:
        raise IndirectPartnerForbidden(
            "the named reseller is not yours", field="filter.indirect_partner_id"
        )


def named_reseller(scope: Scope, *, indirect_partner_id: UUID | None) -> UUID | None:
    """Give the reseller that is asked for, if one is.

    :raises IndirectPartnerForbidden:
    """
    refuse_other_resellers(scope, indirect_partner_id=indirect_partner_id)
    return indirect_partner_id


def whose_rows(scope: Scope, *, indirect_partner_id: UUID | None) -> UUID:
    """Say whose rows are asked for: the caller's own, or its reseller's if one is named.

    Who belongs to no partner asks for those of the tenant's root partner.

    :raises IndirectPartnerForbidden:
    """
    own = scope.tenant_id if scope.own_partner_id is None else scope.own_partner_id
    return named_reseller(scope, indirect_partner_id=indirect_partner_id) or own
