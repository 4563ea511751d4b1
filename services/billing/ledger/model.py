"""Accounts, transfers and entries, what may be asked of them, and why that is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID, uuid5

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.ledger.chart import AccountKind, TransferCode, Unit
from services.billing.tables import BillingTable
from services.kit.errors import NotFound, Refusal
from services.kit.money import Money
from services.kit.operation_log import transaction_column

# Transfer ids are derived below this name, so that a repetition meets its first attempt.
TRANSFERS: Final = UUID("5f0a3f0e-6f0b-5a3c-9a54-0d2c1f7e8b10")


class Account(BillingTable):
    """A holder's balance of one kind in one unit; only the ledger's functions move it."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "holder_id", "kind", "unit", name="accounts_holder_key"),
        CheckConstraint(
            "least(debits_posted, credits_posted, debits_pending, credits_pending) >= 0",
            name="counters",
        ),
        CheckConstraint(
            "ledger_guard_holds(guard,"
            " debits_posted, credits_posted, debits_pending, credits_pending)",
            name="guard",
        ),
        Index("accounts_partner_id_idx", "tenant_id", "partner_id"),
        # Those who owe are few and found among all accounts. No index names a counter.
        Index(
            "accounts_receivable_idx", "tenant_id", "holder_id", postgresql_where=text("kind = 5")
        ),
        # Lots of credit, by the day on which they expire.
        Index("accounts_credit_unit_idx", "unit", postgresql_where=text("kind IN (21, 22)")),
        Index("accounts_written_in_idx", "written_in"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    # None: the platform's.
    partner_id: Mapped[UUID | None]
    holder_id: Mapped[UUID]
    kind: Mapped[int] = mapped_column(SmallInteger)
    unit: Mapped[str]
    guard: Mapped[int] = mapped_column(SmallInteger)
    debits_posted: Mapped[int] = mapped_column(server_default=text("0"))
    credits_posted: Mapped[int] = mapped_column(server_default=text("0"))
    debits_pending: Mapped[int] = mapped_column(server_default=text("0"))
    credits_pending: Mapped[int] = mapped_column(server_default=text("0"))
    is_closing: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default=text("0"))
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    written_in: Mapped[int] = transaction_column()

    @property
    def balance(self) -> Money:
        """Give credits minus debits."""
        return Unit.parse(self.unit).money(self.credits_posted - self.debits_posted)

    @property
    def held(self) -> Money:
        """Give what pending transfers would take."""
        return Unit.parse(self.unit).money(self.debits_pending)

    @property
    def available(self) -> Money:
        return self.balance - self.held


class Transfer(BillingTable):
    """An amount on its way between two accounts; written once."""

    __tablename__ = "transfers"
    __table_args__ = (
        # Most transfers are neither: only those that are have a place in these.
        *(
            Index(
                f"transfers_{name}_key",
                "tenant_id",
                name,
                unique=True,
                postgresql_where=text(f"{name} IS NOT NULL"),
            )
            for name in ("pending_id", "reverses_id")
        ),
        *(
            ForeignKeyConstraint(
                ["tenant_id", name],
                ["transfers.tenant_id", "transfers.id"],
                name=f"transfers_{name}_fkey",
            )
            for name in ("pending_id", "reverses_id")
        ),
        # How much incentive money came into an account.
        Index(
            "transfers_rebate_idx",
            "tenant_id",
            "credit_account_id",
            postgresql_where=text("code = 63"),
        ),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit_account_id <> credit_account_id", name="accounts"),
        CheckConstraint("phase BETWEEN 1 AND 5", name="phase"),
        CheckConstraint("(phase > 2) = (pending_id IS NOT NULL)", name="pending_id"),
        CheckConstraint("phase = 2 OR expire_time IS NULL", name="expire_time"),
        Index(
            "transfers_group_id_idx",
            "tenant_id",
            "group_id",
            postgresql_where=text("group_id IS NOT NULL"),
        ),
        Index(
            "transfers_expire_time_idx",
            "expire_time",
            postgresql_where=text("expire_time IS NOT NULL"),
        ),
        Index("transfers_written_in_idx", "written_in"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[int] = mapped_column(SmallInteger)
    phase: Mapped[int] = mapped_column(SmallInteger)
    debit_account_id: Mapped[UUID]
    credit_account_id: Mapped[UUID]
    amount: Mapped[int]
    pending_id: Mapped[UUID | None]
    reverses_id: Mapped[UUID | None]
    group_id: Mapped[UUID | None]
    trade_detail: Mapped[int | None] = mapped_column(SmallInteger)
    expire_time: Mapped[datetime | None]
    effective_time: Mapped[datetime]
    create_time: Mapped[datetime]
    written_in: Mapped[int] = transaction_column()


class Entry(BillingTable):
    """What a posted transfer did to one account, and the balance behind it; written once."""

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        Index("entries_transfer_id_idx", "tenant_id", "transfer_id"),
        Index("entries_time_idx", "tenant_id", "account_id", "create_time", "version"),
        Index("entries_written_in_idx", "written_in"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    transfer_id: Mapped[UUID]
    amount: Mapped[int]
    balance: Mapped[int]
    create_time: Mapped[datetime]
    written_in: Mapped[int] = transaction_column()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be opened; its guard follows from its kind."""

    holder_id: UUID
    kind: AccountKind
    unit: Unit
    # None: the platform's.
    partner_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """An amount to be moved from the debit to the credit account."""

    id: UUID
    code: TransferCode
    debit_account_id: UUID
    credit_account_id: UUID
    amount: Money
    unit: Unit
    # The movement that it is a leg of, where many movements are posted at once.
    group_id: UUID | None = None
    trade_detail: int | None = None
    effective_time: datetime | None = None

    def __post_init__(self) -> None:
        if self.amount.amount <= 0:
            raise ValueError("a posting moves an amount above zero")
        if self.debit_account_id == self.credit_account_id:
            raise ValueError("a posting needs two accounts")


class InsufficientBalance(Refusal):
    pass


class UnitMismatch(Refusal):
    pass


class AccountClosing(Refusal):
    pass


class TransferResolved(Refusal):
    pass


class TransferIdReused(Refusal):
    code: ClassVar[str] = "ABORTED"


def transfer_id(tenant_id: UUID, *, method: str, request_id: str, leg: object = "") -> UUID:
    """Derive a transfer's id from the request that causes it: a late repetition meets it."""
    return uuid5(TRANSFERS, f"{tenant_id}|{method}|{request_id}|{leg}")


def refusal_of(reason: str, detail: Mapping[str, object]) -> Refusal:
    """Say in the ledger's refusals what its functions say as a word and values."""
    if reason == "INSUFFICIENT_BALANCE":
        unit = Unit.parse(str(detail["unit"]))
        amounts = {
            name: unit.money(int(str(detail[name]))).to_message().amount
            for name in ("available", "required")
        }
        return InsufficientBalance("the account is short", **amounts)
    words = {name: str(value) for name, value in detail.items()}
    if reason == "UNIT_MISMATCH":
        return UnitMismatch("the amount and both accounts must be in one unit", **words)
    if reason == "ACCOUNT_CLOSING":
        return AccountClosing("the account takes no more postings")
    if reason == "TRANSFER_RESOLVED":
        return TransferResolved(f"the transfer is {words['state'].lower()}", **words)
    if reason == "TRANSFER_ID_REUSED":
        return TransferIdReused("this id was used for another transfer")
    if reason == "NOT_FOUND":
        return NotFound(f"{words['thing']} not found")
    message = f"the ledger says {reason}: {words}"
    raise AssertionError(message)
