"""Consumption details, their sums, what customers spent, and the record of imports."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, Integer, Numeric, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.consumption.cycles import cycle_at, cycle_text, months_later
from services.billing.tables import BillingTable
from services.kit.errors import InvalidArgument, Refusal

HISTORY_MONTHS_MAX: Final = 1200

AMOUNTS: Final = (
    "list_amount",
    "discount_amount",
    "payable_amount",
    "cash_amount",
    "credit_amount",
    "voucher_amount",
    "cash_coupon_amount",
    "stored_card_amount",
    "debt_amount",
    "writeoff_amount",
)
_PAYABLE_IS_LIST_LESS_DISCOUNT: Final = "payable_amount = list_amount - discount_amount"
_PAYABLE_IS_WHAT_WAS_PAID: Final = (
    "payable_amount = cash_amount + credit_amount + voucher_amount + cash_coupon_amount"
    " + stored_card_amount + debt_amount"
)
# A sum may have more digits than any of what is summed.
_WIDE: Final = Numeric()
_FIRST_OF_MONTH: Final = "extract(day FROM billing_cycle) = 1"


class HistoryLimitExceeded(Refusal):
    """The tenant may not look back as far; metadata: oldest_billing_cycle."""


class ConsumptionDetail(BillingTable):
    """One charge line of a customer; written once."""

    __tablename__ = "consumption_details"
    __table_args__ = (
        CheckConstraint(_FIRST_OF_MONTH, name="billing_cycle"),
        CheckConstraint(_PAYABLE_IS_LIST_LESS_DISCOUNT, name="payable_less_discount"),
        CheckConstraint(_PAYABLE_IS_WHAT_WAS_PAID, name="payable_paid"),
        CheckConstraint("association_type IN ('ADVISORY', 'RESALE')", name="association_type"),
        CheckConstraint(
            "charging_mode IN ('PERIOD', 'PAY_PER_USE', 'RESERVED', 'SAVINGS_PLAN')",
            name="charging_mode",
        ),
        CheckConstraint("consume_end_time >= consume_time", name="consume_end_time"),
        # A partition holds one cycle, so the cycle stands in no index but the primary key.
        # Whose time it was is always asked for, so the partner stands in each list's index; the
        # planner would else walk through everybody's rows by time to find one customer's.
        Index(
            "consumption_details_customer_idx",
            "tenant_id",
            "partner_id",
            "customer_id",
            "consume_time",
            "id",
        ),
        Index("consumption_details_time_idx", "tenant_id", "partner_id", "consume_time", "id"),
        Index(
            "consumption_details_payable_order_idx",
            "tenant_id",
            "partner_id",
            "payable_order",
            "id",
        ),
        Index(
            "consumption_details_resource_idx",
            "tenant_id",
            "cloud_resource_id",
            postgresql_where=text("cloud_resource_id IS NOT NULL"),
        ),
        Index(
            "consumption_details_trade_idx",
            "tenant_id",
            "trade_number",
            postgresql_where=text("trade_number IS NOT NULL"),
        ),
        {"postgresql_partition_by": "RANGE (billing_cycle)"},
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    billing_cycle: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    association_type: Mapped[str]
    account_manager_id: Mapped[UUID | None]
    service_type_code: Mapped[str]
    service_type_name: Mapped[str | None]
    resource_type_code: Mapped[str | None]
    resource_type_name: Mapped[str | None]
    cloud_resource_id: Mapped[str | None]
    resource_name: Mapped[str | None]
    resource_tag: Mapped[str | None]
    product_id: Mapped[str | None]
    product_name: Mapped[str | None]
    product_spec_desc: Mapped[str | None]
    region_code: Mapped[str | None]
    region_name: Mapped[str | None]
    enterprise_project_id: Mapped[str | None]
    charging_mode: Mapped[str]
    bill_type: Mapped[str]
    trade_number: Mapped[str | None]
    trade_time: Mapped[datetime | None]
    consume_time: Mapped[datetime]
    consume_end_time: Mapped[datetime | None]
    period_type: Mapped[str | None]
    period_count: Mapped[int | None] = mapped_column(Integer)
    payment_type: Mapped[str | None]
    usage_type: Mapped[str | None]
    usage_amount: Mapped[Decimal | None]
    usage_unit: Mapped[str | None]
    free_resource_usage: Mapped[Decimal | None]
    reserved_instance_usage: Mapped[Decimal | None]
    currency_code: Mapped[str]
    list_amount: Mapped[Decimal]
    discount_amount: Mapped[Decimal]
    payable_amount: Mapped[Decimal]
    cash_amount: Mapped[Decimal]
    credit_amount: Mapped[Decimal]
    voucher_amount: Mapped[Decimal]
    cash_coupon_amount: Mapped[Decimal]
    stored_card_amount: Mapped[Decimal]
    debt_amount: Mapped[Decimal]
    writeoff_amount: Mapped[Decimal]
    # What the meters rated, where the detail was charged here (payments); payable in hundredths is
    # what it added to the sum of the month. None: it was billed elsewhere.
    rated_amount: Mapped[Decimal | None]
    # When it came in; an export leaves out what came after it was asked for.
    ingest_time: Mapped[datetime] = mapped_column(server_default=func.now())
    # The payable amount as text of one length. Behind the policy of rows the database looks for
    # numbers of this kind row by row, but for a text in the index.
    payable_order: Mapped[str] = mapped_column(
        Computed("lpad((payable_amount + 1e23)::text, 40, '0')", persisted=True)
    )


class ConsumptionSum(BillingTable):
    """The sum of a customer's details of one cycle and kind, kept with each import."""

    __tablename__ = "consumption_sums"
    __table_args__ = (
        CheckConstraint(_FIRST_OF_MONTH, name="billing_cycle"),
        CheckConstraint(_PAYABLE_IS_LIST_LESS_DISCOUNT, name="payable_less_discount"),
        CheckConstraint(_PAYABLE_IS_WHAT_WAS_PAID, name="payable_paid"),
        Index(
            "consumption_sums_partner_idx",
            "tenant_id",
            "partner_id",
            "billing_cycle",
            "customer_id",
            "service_type_code",
            "charging_mode",
            "bill_type",
            "currency_code",
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    billing_cycle: Mapped[date] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID] = mapped_column(primary_key=True)
    association_type: Mapped[str] = mapped_column(primary_key=True)
    service_type_code: Mapped[str] = mapped_column(primary_key=True)
    charging_mode: Mapped[str] = mapped_column(primary_key=True)
    bill_type: Mapped[str] = mapped_column(primary_key=True)
    currency_code: Mapped[str] = mapped_column(primary_key=True)
    service_type_name: Mapped[str | None]
    list_amount: Mapped[Decimal] = mapped_column(_WIDE)
    discount_amount: Mapped[Decimal] = mapped_column(_WIDE)
    payable_amount: Mapped[Decimal] = mapped_column(_WIDE)
    cash_amount: Mapped[Decimal] = mapped_column(_WIDE)
    credit_amount: Mapped[Decimal] = mapped_column(_WIDE)
    voucher_amount: Mapped[Decimal] = mapped_column(_WIDE)
    cash_coupon_amount: Mapped[Decimal] = mapped_column(_WIDE)
    stored_card_amount: Mapped[Decimal] = mapped_column(_WIDE)
    debt_amount: Mapped[Decimal] = mapped_column(_WIDE)
    writeoff_amount: Mapped[Decimal] = mapped_column(_WIDE)
    detail_count: Mapped[int]


class CustomerSpend(BillingTable):
    """What a customer spent in a cycle, and which version of that customers has been told."""

    __tablename__ = "customer_spends"
    __table_args__ = (
        # What the job looks for, over all tenants.
        Index(
            "customer_spends_due_idx",
            "billing_cycle",
            "tenant_id",
            "customer_id",
            postgresql_where=text("pushed_version < version"),
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    billing_cycle: Mapped[date] = mapped_column(primary_key=True)
    currency_code: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(_WIDE)
    version: Mapped[int]
    pushed_version: Mapped[int]


class ConsumptionImport(BillingTable):
    """One import: what came of it so far, and by whom; finish_time is unset while it runs."""

    __tablename__ = "consumption_imports"
    __table_args__ = (Index("consumption_imports_start_time_idx", "tenant_id", "start_time", "id"),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    request_id: Mapped[str]
    file_name: Mapped[str]
    subject: Mapped[str]
    start_time: Mapped[datetime]
    finish_time: Mapped[datetime | None]
    row_count: Mapped[int]
    new_count: Mapped[int]
    known_count: Mapped[int]
    skipped_count: Mapped[int]
    # Why it ended before the file did.
    failure: Mapped[str | None] = mapped_column(Text)


class ConsumptionSettings(BillingTable):
    """How far back a tenant may look; without a row, as far as there is something."""

    __tablename__ = "consumption_settings"
    __table_args__ = (
        CheckConstraint(
            f"history_months BETWEEN 0 AND {HISTORY_MONTHS_MAX}", name="history_months"
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    history_months: Mapped[int | None] = mapped_column(Integer)

    def limit_history(self, months: int | None) -> None:
        """Set how many months before the current one may be looked at; None for all."""
        if months is not None and not 0 <= months <= HISTORY_MONTHS_MAX:
            raise InvalidArgument(
                f"must be 0 to {HISTORY_MONTHS_MAX}", field="settings.history_months"
            )
        self.history_months = months

    def oldest_cycle(self, now: datetime) -> date | None:
        if self.history_months is None:
            return None
        return months_later(cycle_at(now), -self.history_months)

    def refuse_before_limit(self, cycle: date, *, now: datetime) -> None:
        """Refuse a cycle that is too old to be looked at."""
        oldest = self.oldest_cycle(now)
        if oldest is not None and cycle < oldest:
            raise HistoryLimitExceeded(
                f"consumption before {cycle_text(oldest)} is not shown",
                oldest_billing_cycle=cycle_text(oldest),
            )
