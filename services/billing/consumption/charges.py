"""A charge as an import brings it, the kinds it can be of, and the id that makes it known again."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import RFC_4122, UUID

from services.billing.consumption.cycles import month_number
from services.billing.links.model import AssociationType

_MONTH_SHIFT: Final = 112
_MONTHS_OF_YEAR: Final = 12
_VERSION_MASK: Final = 0xF << 76
_VARIANT_MASK: Final = 0x3 << 62


class ChargingMode(StrEnum):
    PERIOD = "PERIOD"
    PAY_PER_USE = "PAY_PER_USE"
    RESERVED = "RESERVED"
    SAVINGS_PLAN = "SAVINGS_PLAN"


class BillType(StrEnum):
    PURCHASE = "PURCHASE"
    RENEWAL = "RENEWAL"
    CHANGE = "CHANGE"
    UNSUBSCRIBE_REFUND = "UNSUBSCRIBE_REFUND"
    USAGE = "USAGE"
    AUTO_RENEWAL = "AUTO_RENEWAL"
    COMPENSATION_ADJUSTMENT = "COMPENSATION_ADJUSTMENT"
    SUPPORT_PLAN_MONTH_END = "SUPPORT_PLAN_MONTH_END"
    DEDUCTION_ADJUSTMENT = "DEDUCTION_ADJUSTMENT"
    MONTHLY_PAYMENT = "MONTHLY_PAYMENT"
    CHANGE_REFUND = "CHANGE_REFUND"
    SAVINGS_PLAN_DEDUCTION = "SAVINGS_PLAN_DEDUCTION"
    PERIOD_TO_PAY_PER_USE_REFUND = "PERIOD_TO_PAY_PER_USE_REFUND"
    ROUNDING_MAKE_UP = "ROUNDING_MAKE_UP"
    YEARLY_PAYMENT = "YEARLY_PAYMENT"


class PeriodType(StrEnum):
    ONCE = "ONCE"
    YEAR = "YEAR"
    MONTH = "MONTH"
    DAY = "DAY"
    HOUR = "HOUR"


class PaymentType(StrEnum):
    ALL_UPFRONT = "ALL_UPFRONT"
    PARTIAL_UPFRONT = "PARTIAL_UPFRONT"
    NO_UPFRONT = "NO_UPFRONT"


class SummaryBillType(StrEnum):
    """What sums tell apart."""

    NORMAL = "NORMAL"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    PLATFORM_WRITEOFF = "PLATFORM_WRITEOFF"


REFUNDS: Final = frozenset(
    {
        BillType.UNSUBSCRIBE_REFUND,
        BillType.CHANGE_REFUND,
        BillType.PERIOD_TO_PAY_PER_USE_REFUND,
    }
)


@dataclass(slots=True, kw_only=True)
class Amounts:
    """The money of a charge; the two identities are the writer's duty and the database's check."""

    list_amount: Decimal
    discount_amount: Decimal
    payable_amount: Decimal
    cash_amount: Decimal
    credit_amount: Decimal = Decimal(0)
    voucher_amount: Decimal = Decimal(0)
    cash_coupon_amount: Decimal = Decimal(0)
    stored_card_amount: Decimal = Decimal(0)
    debt_amount: Decimal = Decimal(0)
    writeoff_amount: Decimal = Decimal(0)


@dataclass(slots=True, kw_only=True)
class Charge:
    """One line of a file, understood; who the customer is to us is not known yet."""

    line: int
    # Equal for equal lines, whatever the order or form of their cells.
    digest: bytes
    # How many equal lines stand before it in the file.
    occurrence: int = 0
    provider: str
    sub_account_id: str
    sub_account_name: str | None
    currency_code: str
    billing_cycle: date
    association_type: AssociationType | None
    service_type_code: str
    service_type_name: str | None
    resource_type_code: str | None
    resource_type_name: str | None
    cloud_resource_id: str | None
    resource_name: str | None
    resource_tag: str | None
    product_id: str | None
    product_name: str | None
    product_spec_desc: str | None
    region_code: str | None
    region_name: str | None
    enterprise_project_id: str | None
    charging_mode: ChargingMode
    bill_type: BillType
    trade_number: str | None
    trade_time: datetime | None
    consume_time: datetime
    consume_end_time: datetime | None
    period_type: PeriodType | None
    period_count: int | None
    payment_type: PaymentType | None
    usage_type: str | None
    usage_amount: Decimal | None
    usage_unit: str | None
    free_resource_usage: Decimal | None
    reserved_instance_usage: Decimal | None
    amounts: Amounts

    @property
    def account(self) -> tuple[str, str]:
        """Name the sub-account: its cloud and its id there."""
        return self.provider, self.sub_account_id

    @property
    def summary_bill_type(self) -> SummaryBillType:
        if self.bill_type in REFUNDS:
            return SummaryBillType.UNSUBSCRIBE
        if self.amounts.writeoff_amount:
            return SummaryBillType.PLATFORM_WRITEOFF
        return SummaryBillType.NORMAL

    def id_in(self, tenant_id: UUID) -> UUID:
        """Make the id of what makes the line the same line again."""
        name = self.digest + self.occurrence.to_bytes(4, "big")
        return detail_id(tenant_id, billing_cycle=self.billing_cycle, name=name)


def detail_id(tenant_id: UUID, *, billing_cycle: date, name: bytes) -> UUID:
    """Make a detail's id: a UUIDv8 of its cycle and of what names it in the tenant.

    So what is known meets its primary key, and an id leads to its partition.
    """
    number = int.from_bytes(sha256(tenant_id.bytes + name).digest()[:16], "big")
    number &= ~(0xFFFF << _MONTH_SHIFT | _VERSION_MASK | _VARIANT_MASK)
    number |= month_number(billing_cycle) << _MONTH_SHIFT
    return UUID(int=number | 8 << 76 | 2 << 62)


def cycle_of_id(detail_id: UUID) -> date | None:
    """Read the cycle out of a detail's id; None where it is no id of a detail."""
    year, month = divmod(detail_id.int >> _MONTH_SHIFT, _MONTHS_OF_YEAR)
    if detail_id.variant != RFC_4122 or detail_id.version != _ID_VERSION:
        return None
    return date(year, month + 1, 1) if date.min.year <= year <= date.max.year else None


_ID_VERSION: Final = 8


@dataclass(slots=True)
class Occurrences:
    """Counts equal lines of one file, so that each of them is kept once and not less."""

    # Eight bytes of the digest: a false alarm once in ten thousand files of the greatest size
    # gives a line another id than it might have had, the same one each time.
    _seen: dict[int, int] = field(default_factory=dict)

    def count(self, digest: bytes) -> int:
        """Say how many equal lines came before."""
        key = int.from_bytes(digest[:8], "big")
        before = self._seen.get(key, 0)
        self._seen[key] = before + 1
        return before
