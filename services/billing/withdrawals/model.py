"""Withdrawals and their flows, who is paid, and why nothing is."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.ledger.chart import Unit
from services.billing.links.model import NotVerified
from services.billing.tables import BillingTable
from services.kit.database import PartnerRow
from services.kit.errors import Refusal


class WithdrawalKind(StrEnum):
    ORIGINAL_ROUTE = "ORIGINAL_ROUTE"
    BANK_CARD = "BANK_CARD"
    INCENTIVE_REBATE = "INCENTIVE_REBATE"


class WithdrawalState(StrEnum):
    SUBMITTED = "SUBMITTED"
    UNDER_REVIEW = "UNDER_REVIEW"
    APPROVED = "APPROVED"
    PAYING = "PAYING"
    COMPLETED = "COMPLETED"
    PARTIALLY_COMPLETED = "PARTIALLY_COMPLETED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class WithdrawalFlowState(StrEnum):
    HELD = "HELD"
    PAYING = "PAYING"
    PAID = "PAID"
    FAILED = "FAILED"
    RELEASED = "RELEASED"


UNDECIDED: Final = (WithdrawalState.SUBMITTED, WithdrawalState.UNDER_REVIEW)
OPEN: Final = (*UNDECIDED, WithdrawalState.APPROVED, WithdrawalState.PAYING)
UNFINISHED: Final = (WithdrawalFlowState.HELD, WithdrawalFlowState.PAYING)
# These flows took nothing in the end.
RETURNED: Final = (WithdrawalFlowState.FAILED, WithdrawalFlowState.RELEASED)


def _one_of(column: str, words: type[StrEnum] | tuple[StrEnum, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word.value) for word in words)})"


class Payee(BillingTable):
    """What the platform has verified of a partner; withdrawals of one wait for each other here."""

    __tablename__ = "payees"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(primary_key=True)
    verified_name: Mapped[str]
    is_business_verified: Mapped[bool]
    # Said with the first withdrawal that went back by remittance.
    remittance_branch: Mapped[str | None]
    update_time: Mapped[datetime]

    def refuse_unverified(self, kind: str) -> None:
        """Let incentive money go only where bank and tax data were checked.

        :raises NotVerified:
        """
        if kind == WithdrawalKind.INCENTIVE_REBATE and not self.is_business_verified:
            raise NotVerified("the partner's business information is not verified")


class BankAccount(PartnerRow, BillingTable):
    """Where a partner was paid to; what is known of its number without the secret is its end."""

    __tablename__ = "bank_accounts"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id", "partner_id", "number_index", name="bank_accounts_number_index_key"
        ),
    )

    bank_name: Mapped[str]
    branch: Mapped[str | None]
    account_name: Mapped[str]
    number_sealed: Mapped[bytes]
    # Tells the same number again without telling the number.
    number_index: Mapped[bytes]
    last_four: Mapped[str]
    create_time: Mapped[datetime]


class Withdrawal(PartnerRow, BillingTable):
    """A request to pay money out; amounts are in the smallest unit of its currency."""

    __tablename__ = "withdrawals"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name="withdrawals_account_id_fkey",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "bank_account_id"],
            ["bank_accounts.tenant_id", "bank_accounts.id"],
            name="withdrawals_bank_account_id_fkey",
        ),
        # Resellers get back what they gave to their distributor: they withdraw nothing.
        CheckConstraint("partner_id = tenant_id", name="partner_id"),
        CheckConstraint(_one_of("kind", WithdrawalKind), name="kind"),
        CheckConstraint(_one_of("state", WithdrawalState), name="state"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("paid_amount BETWEEN 0 AND amount", name="paid_amount"),
        CheckConstraint(
            "(kind = 'ORIGINAL_ROUTE') = (bank_account_id IS NULL)", name="bank_account_id"
        ),
        # Nobody decides on what they asked for themselves.
        CheckConstraint("reviewer <> applicant", name="reviewer"),
        CheckConstraint("(state = 'REJECTED') = (reject_reason IS NOT NULL)", name="reject_reason"),
        CheckConstraint("delete_time IS NULL OR state = 'REJECTED'", name="delete_time"),
        Index(
            "withdrawals_open_key",
            "tenant_id",
            "partner_id",
            "kind",
            unique=True,
            postgresql_where=text(_one_of("state", OPEN)),
        ),
        Index("withdrawals_apply_time_idx", "tenant_id", "apply_time", "id"),
    )

    kind: Mapped[str]
    # The partner's cash.
    account_id: Mapped[UUID]
    currency_code: Mapped[str]
    amount: Mapped[int]
    paid_amount: Mapped[int] = mapped_column(server_default=text("0"))
    state: Mapped[str]
    bank_account_id: Mapped[UUID | None]
    applicant: Mapped[str]
    apply_time: Mapped[datetime]
    expect_date: Mapped[date]
    reviewer: Mapped[str | None]
    review_time: Mapped[datetime | None]
    reject_reason: Mapped[str | None]
    finish_time: Mapped[datetime | None]
    delete_time: Mapped[datetime | None]

    @property
    def unit(self) -> Unit:
        return Unit.cash(self.currency_code)

    def move(self, state: WithdrawalState, *, out_of: tuple[WithdrawalState, ...]) -> None:
        """Take the next step.

        :raises WithdrawalStateConflict: where it is none.
        """
        if self.state not in out_of or self.delete_time is not None:
            raise WithdrawalStateConflict(
                f"the withdrawal is {self.state.lower().replace('_', ' ')}", state=self.state
            )
        self.state = state

    def finish(self, *, now: datetime) -> None:
        """End with what was paid of it, once nothing is on its way any more."""
        if self.paid_amount == 0:
            state = WithdrawalState.FAILED
        elif self.paid_amount < self.amount:
            state = WithdrawalState.PARTIALLY_COMPLETED
        else:
            state = WithdrawalState.COMPLETED
        self.move(state, out_of=(WithdrawalState.PAYING,))
        self.finish_time = now


class WithdrawalFlow(PartnerRow, BillingTable):
    """One payment of a withdrawal, and the transfer that holds its amount."""

    __tablename__ = "withdrawal_flows"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "withdrawal_id"],
            ["withdrawals.tenant_id", "withdrawals.id"],
            name="withdrawal_flows_withdrawal_id_fkey",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "top_up_id"],
            ["top_ups.tenant_id", "top_ups.id"],
            name="withdrawal_flows_top_up_id_fkey",
        ),
        UniqueConstraint("tenant_id", "transaction_id", name="withdrawal_flows_transaction_id_key"),
        CheckConstraint(_one_of("state", WithdrawalFlowState), name="state"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(top_up_id IS NULL) = (channel IS NULL)", name="channel"),
        CheckConstraint(
            "(state IN ('HELD', 'PAYING')) = (finish_time IS NULL)", name="finish_time"
        ),
        CheckConstraint("(state = 'FAILED') = (failure_reason IS NOT NULL)", name="failure_reason"),
        # One pending return for each top-up.
        Index(
            "withdrawal_flows_unfinished_key",
            "tenant_id",
            "top_up_id",
            unique=True,
            postgresql_where=text(_one_of("state", UNFINISHED)),
        ),
        Index("withdrawal_flows_withdrawal_id_idx", "tenant_id", "withdrawal_id", "number"),
        Index(
            "withdrawal_flows_due_idx",
            "next_attempt_time",
            postgresql_where=text("next_attempt_time IS NOT NULL"),
        ),
    )

    withdrawal_id: Mapped[UUID]
    # Its place in the withdrawal, from 0.
    number: Mapped[int] = mapped_column(SmallInteger)
    top_up_id: Mapped[UUID | None]
    channel: Mapped[str | None]
    amount: Mapped[int]
    state: Mapped[str]
    # The pending transfer.
    transaction_id: Mapped[UUID]
    failure_reason: Mapped[str | None]
    finish_time: Mapped[datetime | None]
    # None while nothing is to be paid.
    next_attempt_time: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    # Of the last attempt, where nobody answered.
    last_error: Mapped[str | None]

    def end(
        self, state: WithdrawalFlowState, *, now: datetime, failure_reason: str | None = None
    ) -> None:
        self.state = state
        self.failure_reason = failure_reason
        self.finish_time = now
        self.next_attempt_time = None


class WithdrawableExceeded(Refusal):
    pass


class InvoiceArrears(Refusal):
    pass


class NameMismatch(Refusal):
    pass


class FlowExpired(Refusal):
    pass


class WithdrawalStateConflict(Refusal):
    pass


class WithdrawalOpen(Refusal):
    pass
