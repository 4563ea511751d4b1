"""Contracts, their parties and documents, what may be agreed, and where one stands at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    case,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.tables import BillingTable
from services.billing.voucher_quotas.model import refuse_odd_amount
from services.kit import ids
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument, Refusal
from services.kit.money import Money, decimal_text

SITE_ZONE: Final = timezone(timedelta(hours=8), "GMT+08:00")
MONTHS_BACK_MAX: Final = 12
INSTALLMENTS_MAX: Final = 60
NAME_LENGTH_MAX: Final = 100
PARTY_LENGTH_MAX: Final = 200
REASON_LENGTH_MAX: Final = 200
NUMBER_LENGTH_MAX: Final = 64
# Of an id's end, which is random: 40 bits a day and tenant.
_NUMBER_TAIL: Final = 8


class ContractKind(StrEnum):
    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"


class ContractState(StrEnum):
    GENERATED = "GENERATED"
    VOIDED = "VOIDED"
    DRAFT = "DRAFT"
    EFFECTIVE = "EFFECTIVE"
    EXPIRED = "EXPIRED"
    TERMINATED = "TERMINATED"


class DateOutOfRange(Refusal):
    pass


class PaymentPlanMismatch(Refusal):
    code: ClassVar[str] = "INVALID_ARGUMENT"


class CharacterNotPrintable(Refusal):
    code: ClassVar[str] = "INVALID_ARGUMENT"


class ContractStateConflict(Refusal):
    pass


class ContractNumberTaken(Refusal):
    code: ClassVar[str] = "ALREADY_EXISTS"


class ContractParty(BillingTable):
    """Who a partner is to those it signs with, as the operator said last."""

    __tablename__ = "contract_parties"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(primary_key=True)
    legal_name: Mapped[str | None]
    contracting_entity: Mapped[str | None]
    is_verified: Mapped[bool]
    update_time: Mapped[datetime | None]


class Contract(PartnerRow, BillingTable):
    """What was agreed; of it only its end is written later."""

    __tablename__ = "contracts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number", name="contracts_number_key"),
        CheckConstraint("kind IN ('ONLINE', 'OFFLINE')", name="kind"),
        CheckConstraint(
            "(kind = 'ONLINE') = (document_sha256 IS NOT NULL)"
            " AND (kind = 'ONLINE') = (promised_payment_date IS NOT NULL)"
            " AND (kind = 'OFFLINE') = (effective_time IS NOT NULL)",
            name="facts",
        ),
        CheckConstraint("amount > 0 AND (amount IS NULL) = (currency_code IS NULL)", name="amount"),
        CheckConstraint("effective_time < expire_time", name="validity"),
        CheckConstraint("(end_time IS NULL) = (end_reason IS NULL)", name="end"),
        Index("contracts_create_time_idx", "tenant_id", "partner_id", "create_time", "id"),
    )

    number: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    party_a: Mapped[str]
    party_b: Mapped[str]
    currency_code: Mapped[str | None]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(20, 2))
    promised_payment_date: Mapped[date | None]
    payment_plan: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    sign_date: Mapped[date | None]
    effective_time: Mapped[datetime | None]
    expire_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    document_sha256: Mapped[bytes | None]
    creator: Mapped[str]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    @classmethod
    def state_at(cls, now: datetime) -> ColumnElement[str]:
        """Say in SQL where a contract stands at a time: queries filter by what they show."""
        is_online, has_ended = cls.kind == ContractKind.ONLINE, cls.end_time.is_not(None)
        return case(
            (is_online & has_ended, ContractState.VOIDED.value),
            (is_online, ContractState.GENERATED.value),
            (has_ended, ContractState.TERMINATED.value),
            (cls.effective_time > now, ContractState.DRAFT.value),
            (cls.expire_time <= now, ContractState.EXPIRED.value),
            else_=ContractState.EFFECTIVE.value,
        )

    def current_state(self, now: datetime) -> ContractState:
        """Say of a loaded contract what `state_at` says in SQL."""
        if self.kind == ContractKind.ONLINE:
            return ContractState.GENERATED if self.end_time is None else ContractState.VOIDED
        if self.end_time is not None:
            return ContractState.TERMINATED
        if self.effective_time is not None and self.effective_time > now:
            return ContractState.DRAFT
        has_expired = self.expire_time is not None and self.expire_time <= now
        return ContractState.EXPIRED if has_expired else ContractState.EFFECTIVE

    def void(self, *, reason: str, now: datetime) -> None:
        """Declare an online contract void.

        :raises ContractStateConflict, InvalidArgument:
        """
        self._end({ContractState.GENERATED}, reason=reason, now=now)

    def terminate(self, *, reason: str, now: datetime) -> None:
        """End an offline contract before its time.

        :raises ContractStateConflict, InvalidArgument:
        """
        self._end({ContractState.DRAFT, ContractState.EFFECTIVE}, reason=reason, now=now)

    def _end(self, may: set[ContractState], *, reason: str, now: datetime) -> None:
        refuse_odd_text(reason, field="reason", at_most=REASON_LENGTH_MAX)
        state = self.current_state(now)
        if state not in may:
            raise ContractStateConflict(
                f"the contract is {state.value}", field="contract_id", state=state.value
            )
        self.end_time, self.end_reason = now, reason


class ContractDocument(BillingTable):
    """The PDF of an online contract; written once."""

    __tablename__ = "contract_documents"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "contract_id"],
            ["contracts.tenant_id", "contracts.id"],
            name="contract_documents_contract_id_fkey",
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID]
    data: Mapped[bytes]


@dataclass(frozen=True, slots=True)
class Installment:
    """A part of what is to be paid."""

    due_date: date
    amount: Money

    def to_json(self) -> dict[str, str]:
        return {"due_date": self.due_date.isoformat(), "amount": decimal_text(self.amount.amount)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTerms:
    """What a partner applies for."""

    name: str
    amount: Money
    promised_payment_date: date
    payment_plan: Sequence[Installment] = ()

    def check(self, *, now: datetime) -> None:
        """Let terms be clear, and what is promised not be long past.

        :raises InvalidArgument, DateOutOfRange, PaymentPlanMismatch:
        """
        refuse_odd_text(self.name, field="terms.name", at_most=NAME_LENGTH_MAX)
        refuse_odd_amount(self.amount, field="terms.amount")
        earliest = earliest_payment_date(now)
        if self.promised_payment_date < earliest:
            raise DateOutOfRange(
                f"must not be more than {MONTHS_BACK_MAX} months ago",
                field="terms.promised_payment_date",
                earliest=earliest.isoformat(),
            )
        if self.payment_plan:
            self._check_plan(earliest)

    def _check_plan(self, earliest: date) -> None:
        if len(self.payment_plan) > INSTALLMENTS_MAX:
            raise InvalidArgument(f"must be at most {INSTALLMENTS_MAX}", field="terms.payment_plan")
        planned, before = Money(Decimal(0), self.amount.currency_code), None
        for index, one in enumerate(self.payment_plan):
            field = f"terms.payment_plan[{index}]"
            refuse_odd_amount(one.amount, field=f"{field}.amount")
            if one.amount.currency_code != self.amount.currency_code:
                raise InvalidArgument(
                    f"must be {self.amount.currency_code}, the amount's",
                    field=f"{field}.amount.currency_code",
                )
            if before is not None and one.due_date <= before:
                raise InvalidArgument(
                    "must be later than the one before", field=f"{field}.due_date"
                )
            if not earliest <= one.due_date <= self.promised_payment_date:
                raise DateOutOfRange(
                    "must not be later than the promised date, nor long ago",
                    field=f"{field}.due_date",
                    earliest=earliest.isoformat(),
                    latest=self.promised_payment_date.isoformat(),
                )
            planned, before = planned + one.amount, one.due_date
        if planned != self.amount:
            raise PaymentPlanMismatch(
                "the installments are not the amount",
                field="terms.payment_plan",
                amount=decimal_text(self.amount.amount),
                planned=decimal_text(planned.amount),
            )


def earliest_payment_date(now: datetime) -> date:
    """Give the first day that may be promised: a year ago, at the site."""
    today = now.astimezone(SITE_ZONE).date()
    # The 29th of February was the 28th the year before.
    day = 28 if (today.month, today.day) == (2, 29) else today.day
    return today.replace(year=today.year - 1, day=day)


def number_of(contract_id: UUID, *, now: datetime) -> str:
    """Make the number of an online contract: its day, and the random end of its id."""
    tail = ids.to_text("ctr", contract_id)[-_NUMBER_TAIL:].upper()
    return f"PA-{now.astimezone(SITE_ZONE):%Y%m%d}-{tail}"


def refuse_odd_text(text: str, *, field: str, at_most: int) -> None:
    """Let a text be one line that can be printed, without blanks around it.

    :raises InvalidArgument:
    """
    if not 1 <= len(text) <= at_most:
        raise InvalidArgument(f"must have 1 to {at_most} characters", field=field)
    if not text.isprintable() or text != text.strip():
        raise InvalidArgument("must be one line, without blanks around it", field=field)


def refuse_odd_validity(effective_time: datetime, expire_time: datetime | None) -> None:
    """Let a contract begin before it ends.

    :raises InvalidArgument:
    """
    if expire_time is not None and expire_time <= effective_time:
        raise InvalidArgument("must be after effective_time", field="expire_time")
