"""Who holds fund accounts, in which currency, and what is known of one beside its balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKeyConstraint,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.ledger.chart import CREDIT, AccountKind, Unit
from services.billing.tables import BillingTable
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument, Refusal
from services.kit.identity import Role
from services.kit.money import Money

CASH_KINDS: Final[Sequence[AccountKind]] = (AccountKind.PARTNER_CASH, AccountKind.CUSTOMER_CASH)
CREDIT_KINDS: Final[Sequence[AccountKind]] = (
    AccountKind.PARTNER_CREDIT,
    AccountKind.CUSTOMER_CREDIT,
)
PARTNER_KINDS: Final[Sequence[AccountKind]] = (
    AccountKind.PARTNER_CASH,
    AccountKind.PARTNER_CASH_DESIGNATED,
    AccountKind.PARTNER_CREDIT,
)
FUND_KINDS: Final[Sequence[AccountKind]] = (
    *PARTNER_KINDS,
    AccountKind.CUSTOMER_CASH,
    AccountKind.CUSTOMER_CREDIT,
)
# Who of a partner may look at its money, beside those who work for the platform (domain.md 9.4).
READERS: Final = (Role.ADMINISTRATOR, Role.FINANCE, Role.OPERATOR, Role.SYSTEM)

DECIMALS_MAX: Final = 2
AMOUNT_MAX: Final = Decimal(10) ** 15
RECEIVERS_MAX: Final = 10
RECEIVER_LENGTH_MAX: Final = 254
REASON_LENGTH_MAX: Final = 200


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


def lot_from(day: date) -> str:
    """Give the smallest unit of lots that can be used on a day; that of NEVER is greater."""
    return f"{CREDIT}:{day.isoformat()}"


class TenantCurrency(BillingTable):
    """The one currency of a tenant; its first money wrote it, once."""

    __tablename__ = "tenant_currencies"
    __table_args__ = (CheckConstraint("currency_code ~ '^[A-Z]{3}$'", name="currency_code"),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    currency_code: Mapped[str]


class BalanceAlert(BillingTable):
    """Below which balance of an account somebody shall hear of it."""

    __tablename__ = "balance_alerts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name="balance_alerts_account_id_fkey",
        ),
        CheckConstraint("threshold >= 0", name="threshold"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID]
    # In the smallest unit of the account.
    threshold: Mapped[int]
    receivers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # When the receivers heard of it; None while there is enough.
    note_time: Mapped[datetime | None]


class InvoiceArrears(BillingTable):
    """What of a cash account was invoiced and not consumed: it can not be withdrawn (欠票)."""

    __tablename__ = "invoice_arrears"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name="invoice_arrears_account_id_fkey",
        ),
        CheckConstraint("amount >= 0", name="amount"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID]
    # In the smallest unit of the account.
    amount: Mapped[int]
    update_time: Mapped[datetime] = mapped_column(server_default=func.now())


class Change(StrEnum):
    GRANT = "GRANT"
    REDUCE = "REDUCE"
    EXPIRE = "EXPIRE"


class CreditChange(PartnerRow, BillingTable):
    """A lot of credit that was raised, lowered, or has expired; written once."""

    __tablename__ = "credit_changes"
    __table_args__ = (
        UniqueConstraint("tenant_id", "transaction_id", name="credit_changes_transaction_id_key"),
        ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name="credit_changes_account_id_fkey",
        ),
        CheckConstraint("change IN ('GRANT', 'REDUCE', 'EXPIRE')", name="change"),
        CheckConstraint("amount > 0", name="amount"),
    )

    account_id: Mapped[UUID]
    change: Mapped[str]
    expire_date: Mapped[date | None]
    # In the smallest unit of the account.
    amount: Mapped[int]
    operator: Mapped[str]
    reason: Mapped[str | None]
    # The transfer that moved it.
    transaction_id: Mapped[UUID]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())


class CurrencyMismatch(Refusal):
    pass


def refuse_odd_amount(amount: Money, *, field: str) -> None:
    """Let an amount be above zero, in whole smallest units and hundredths, and not absurd.

    :raises InvalidArgument:
    """
    if amount.amount <= 0:
        raise InvalidArgument("must be above 0", field=f"{field}.amount")
    decimals = min(DECIMALS_MAX, Unit.cash(amount.currency_code).exponent)
    if amount.amount != round(amount.amount, decimals):
        raise InvalidArgument(f"must have at most {decimals} decimals", field=f"{field}.amount")
    if amount.amount >= AMOUNT_MAX:
        raise InvalidArgument(f"must be below {AMOUNT_MAX:f}", field=f"{field}.amount")


def refuse_odd_receivers(receivers: Sequence[str]) -> None:
    """Let receivers be some mailboxes, and few.

    :raises InvalidArgument:
    """
    if not 0 < len(receivers) <= RECEIVERS_MAX:
        raise InvalidArgument(f"must be 1 to {RECEIVERS_MAX}", field="receivers")
    for index, receiver in enumerate(receivers):
        name, at, domain = receiver.rpartition("@")
        is_odd = not name or not at or not domain or len(receiver.split()) != 1
        if is_odd or len(receiver) > RECEIVER_LENGTH_MAX:
            raise InvalidArgument("must be an e-mail address", field=f"receivers[{index}]")


def refuse_past_lot(expire_date: date | None, *, today: date) -> None:
    """Let credit be granted for days to come.

    :raises InvalidArgument:
    """
    if expire_date is not None and expire_date < today:
        raise InvalidArgument("must not lie in the past", field="expire_date")
