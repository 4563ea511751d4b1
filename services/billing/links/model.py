"""The customer link and the two kinds of association."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.tables import BillingTable


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

    def may_receive_vouchers(self) -> bool:
        """Tell whether its partner may issue vouchers to it: only in a resale."""
        return self.association_type == AssociationType.RESALE
