"""The incentive line, and what the platform may say of one."""

import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, func
from sqlalchemy.orm import Mapped, mapped_column

from services.incentives.tables import IncentivesTable
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument
from services.kit.money import Money
from services.kit.texts import check_text

AMOUNT_DECIMALS_MAX: Final = 2

_TEXTS: Final = (
    "plan_name",
    "order_number",
    "customer_name",
    "customer_account_name",
    "indirect_partner_name",
    "account_manager_name",
    "service_type_code",
    "service_type_name",
    "freeze_reason",
)
# A month or a quarter.
_PERIOD: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2]|Q[1-4])")


class IncentiveState(StrEnum):
    ESTIMATED = "ESTIMATED"
    CONFIRMED = "CONFIRMED"
    AVAILABLE = "AVAILABLE"
    FROZEN = "FROZEN"
    IN_PAYOUT = "IN_PAYOUT"
    PAID = "PAID"
    OFFSET = "OFFSET"
    EXPIRED = "EXPIRED"


class Incentive(PartnerRow, IncentivesTable):
    __tablename__ = "incentives"
    __table_args__ = (
        # One index for each sort key, for both directions; one for each way in.
        Index("incentives_create_time_idx", "tenant_id", "create_time", "id"),
        Index("incentives_amount_idx", "tenant_id", "amount", "id"),
        Index("incentives_customer_idx", "tenant_id", "customer_id", "create_time", "id"),
        Index("incentives_customer_amount_idx", "tenant_id", "customer_id", "amount", "id"),
        Index("incentives_manager_idx", "tenant_id", "account_manager_id", "create_time", "id"),
        Index("incentives_bill_idx", "tenant_id", "incentive_bill_id", "create_time", "id"),
        Index("incentives_order_idx", "tenant_id", "order_number"),
        CheckConstraint("partner_id = tenant_id", name="partner_id"),
        CheckConstraint(
            r"period ~ '^\d{4}-(0[1-9]|1[0-2]|Q[1-4])$' AND left(period, 4)::integer = year",
            name="period",
        ),
        CheckConstraint("association_type IN ('ADVISORY', 'RESALE')", name="association_type"),
        CheckConstraint(
            "charging_mode IN ('PERIOD', 'PAY_PER_USE', 'RESERVED', 'SAVINGS_PLAN')",
            name="charging_mode",
        ),
        CheckConstraint(
            "state IN ('ESTIMATED', 'CONFIRMED', 'AVAILABLE', 'FROZEN', 'IN_PAYOUT', 'PAID',"
            " 'OFFSET', 'EXPIRED')",
            name="state",
        ),
        CheckConstraint("currency_code ~ '^[A-Z]{3}$'", name="currency_code"),
        CheckConstraint("amount = round(amount, 2)", name="amount"),
        CheckConstraint("rate >= 0 AND rate <= 1", name="rate"),
        CheckConstraint("frozen OR state <> 'FROZEN'", name="frozen"),
        CheckConstraint("frozen OR freeze_reason IS NULL", name="freeze_reason"),
    )

    incentive_bill_id: Mapped[UUID | None]
    year: Mapped[int] = mapped_column(Integer)
    period: Mapped[str]
    plan_name: Mapped[str]
    order_number: Mapped[str | None]
    customer_id: Mapped[UUID]
    customer_name: Mapped[str | None]
    customer_account_name: Mapped[str | None]
    indirect_partner_id: Mapped[UUID | None]
    indirect_partner_name: Mapped[str | None]
    account_manager_id: Mapped[UUID | None]
    account_manager_name: Mapped[str | None]
    service_type_code: Mapped[str]
    service_type_name: Mapped[str | None]
    association_type: Mapped[str]
    charging_mode: Mapped[str]
    currency_code: Mapped[str]
    consumption_amount: Mapped[Decimal]
    performance_amount: Mapped[Decimal]
    rate: Mapped[Decimal]
    amount: Mapped[Decimal]
    state: Mapped[str]
    frozen: Mapped[bool]
    freeze_reason: Mapped[str | None]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    def check(self, *, path: str) -> Self:
        """Accept the line as it is said; path leads to it, "incentives[3]".

        :raises InvalidArgument: naming the field that does not fit the others.
        """
        check_period(self.period, field=f"{path}.period")
        if self.year != int(self.period[:4]):
            raise InvalidArgument("must be the year of the period", field=f"{path}.year")
        for name in _TEXTS:
            check_text(getattr(self, name), field=f"{path}.{name}")
        if self.partner_id != self.tenant_id:
            raise InvalidArgument("must be the tenant's root partner", field=f"{path}.partner_id")
        if not 0 <= self.rate <= 1:
            raise InvalidArgument("must be between 0 and 1", field=f"{path}.rate")
        if self.amount != round(self.amount, AMOUNT_DECIMALS_MAX):
            raise InvalidArgument("must have at most 2 decimals", field=f"{path}.amount")
        self._check_frozen(path=path)
        return self

    def _check_frozen(self, *, path: str) -> None:
        if self.state == IncentiveState.FROZEN and not self.frozen:
            raise InvalidArgument("must be set for a line that is FROZEN", field=f"{path}.frozen")
        if self.freeze_reason is not None and not self.frozen:
            raise InvalidArgument("is for frozen lines only", field=f"{path}.freeze_reason")


def check_period(text: str, *, field: str) -> str:
    """Accept a month or a quarter.

    :raises InvalidArgument: where it is neither.
    """
    if _PERIOD.fullmatch(text) is None:
        raise InvalidArgument("must be a month like 2026-08 or a quarter like 2026-Q3", field=field)
    return text


def one_currency(*amounts: Money, field: str) -> str:
    """Give the currency that all amounts share.

    :raises InvalidArgument: where they do not.
    """
    codes = {money.currency_code for money in amounts}
    if len(codes) > 1:
        raise InvalidArgument("must be the same for all amounts of a line", field=field)
    return codes.pop()
