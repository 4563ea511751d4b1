"""The top-up, what may be recorded of one, and why not."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.accounts.model import refuse_odd_amount
from services.billing.ledger.chart import Unit
from services.billing.tables import BillingTable
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument, Refusal
from services.kit.money import Money

CHANNEL_NUMBER_LENGTH_MAX: Final = 64
MEMO_LENGTH_MAX: Final = 200
# Clocks differ; a payment further ahead than this is a mistake.
AHEAD_MAX: Final = timedelta(minutes=5)


class Channel(StrEnum):
    ALIPAY = "ALIPAY"
    WECHAT = "WECHAT"
    UNIONPAY = "UNIONPAY"
    BANK_TRANSFER = "BANK_TRANSFER"
    ONLINE_BANK = "ONLINE_BANK"
    WALLET = "WALLET"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What was paid in, as an operator or a channel says."""

    channel: str
    channel_number: str
    amount: Money
    designated_amount: Money | None = None
    earned_bonus: bool = False
    # None: now.
    pay_time: datetime | None = None
    memo: str | None = None

    def refuse_odd(self, *, now: datetime) -> None:
        """Let a payment be one.

        :raises InvalidArgument:
        """
        refuse_odd_amount(self.amount, field="amount")
        if not 0 < len(self.channel_number.strip()) <= CHANNEL_NUMBER_LENGTH_MAX:
            raise InvalidArgument(
                f"must have 1 to {CHANNEL_NUMBER_LENGTH_MAX} characters", field="channel_number"
            )
        if self.memo is not None and len(self.memo) > MEMO_LENGTH_MAX:
            raise InvalidArgument(f"must have at most {MEMO_LENGTH_MAX} characters", field="memo")
        if self.pay_time is not None and self.pay_time > now + AHEAD_MAX:
            raise InvalidArgument("must not be in the future", field="pay_time")
        if self.designated_amount is not None:
            self._refuse_odd_part(self.designated_amount)

    def _refuse_odd_part(self, part: Money) -> None:
        refuse_odd_amount(part, field="designated_amount")
        if part.currency_code != self.amount.currency_code:
            raise InvalidArgument(
                f"must be {self.amount.currency_code}", field="designated_amount.currency_code"
            )
        if part > self.amount:
            raise InvalidArgument("must not be above amount", field="designated_amount.amount")


class TopUp(PartnerRow, BillingTable):
    """Money that a partner paid in; amounts are in the smallest unit of its currency."""

    __tablename__ = "top_ups"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id", "channel", "channel_number", name="top_ups_channel_number_key"
        ),
        UniqueConstraint("tenant_id", "transaction_id", name="top_ups_transaction_id_key"),
        ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["accounts.tenant_id", "accounts.id"],
            name="top_ups_account_id_fkey",
        ),
        CheckConstraint(
            f"channel IN ({', '.join(repr(one.value) for one in Channel)})", name="channel"
        ),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("designated_amount BETWEEN 0 AND amount", name="designated_amount"),
        CheckConstraint(
            "returned_amount BETWEEN 0 AND amount - designated_amount", name="returned_amount"
        ),
        Index("top_ups_pay_time_idx", "tenant_id", "partner_id", "pay_time", "id"),
    )

    # The partner's cash.
    account_id: Mapped[UUID]
    channel: Mapped[str]
    channel_number: Mapped[str]
    currency_code: Mapped[str]
    amount: Mapped[int]
    designated_amount: Mapped[int]
    # What withdrawals have sent back, or are about to.
    returned_amount: Mapped[int] = mapped_column(server_default=text("0"))
    earned_bonus: Mapped[bool]
    pay_time: Mapped[datetime]
    memo: Mapped[str | None]
    operator: Mapped[str]
    # The ledger's group.
    transaction_id: Mapped[UUID]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def unit(self) -> Unit:
        return Unit.cash(self.currency_code)

    @property
    def unreturned(self) -> Money:
        """Give what can still be sent back the way it came."""
        return self.unit.money(self.amount - self.designated_amount - self.returned_amount)

    def is_of(self, payment: Payment) -> bool:
        """Tell whether this is what a payment says; when it was paid may be said in two ways."""
        designated = payment.designated_amount
        return (
            self.unit.currency_code == payment.amount.currency_code
            and self.unit.count(payment.amount) == self.amount
            and (0 if designated is None else self.unit.count(designated)) == self.designated_amount
        )

    def send_back(self, amount: Money) -> None:
        """Take a part of it for a withdrawal.

        :raises TopUpReturned: where less than this is left.
        """
        if amount > self.unreturned:
            raise TopUpReturned("less than this is left of the top-up")
        self.returned_amount += self.unit.count(amount)

    def keep(self, amount: Money) -> None:
        """Put a part back that a withdrawal took and could not send."""
        self.returned_amount -= self.unit.count(amount)


class ChannelNumberReused(Refusal):
    code: ClassVar[str] = "ABORTED"


class NoticeNotValid(Refusal):
    code: ClassVar[str] = "UNAUTHENTICATED"


class TopUpReturned(Refusal):
    pass
