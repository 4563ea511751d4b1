"""Who holds fund accounts, the currency of a tenant, and the alerts on balances."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.ledger.chart import AccountKind
from services.billing.tables import BillingTable
from services.kit.errors import Refusal

CASH_KINDS: Final[Sequence[AccountKind]] = (AccountKind.PARTNER_CASH, AccountKind.CUSTOMER_CASH)
CREDIT_KINDS: Final[Sequence[AccountKind]] = (
    AccountKind.PARTNER_CREDIT,
    AccountKind.CUSTOMER_CREDIT,
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds fund accounts, the partner whose money it is, and the kinds of its accounts."""

    id: UUID
    partner_id: UUID
    cash: AccountKind
    credit: AccountKind

    @classmethod
    def partner(cls, partner_id: UUID) -> Self:
        return cls(partner_id, partner_id, AccountKind.PARTNER_CASH, AccountKind.PARTNER_CREDIT)

    @classmethod
    def customer(cls, customer_id: UUID, *, partner_id: UUID) -> Self:
        return cls(customer_id, partner_id, AccountKind.CUSTOMER_CASH, AccountKind.CUSTOMER_CREDIT)


class TenantCurrency(BillingTable):
    """The one currency of a tenant; its first money wrote it, once."""

    __tablename__ = "tenant_currencies"
    __table_args__ = (CheckConstraint("currency_code ~ '^[A-Z]{3}$'", name="currency_code"),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    currency_code: Mapped[str]


class CurrencyMismatch(Refusal):
    pass
