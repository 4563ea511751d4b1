"""Payments, usage that waits to be charged, and what each month's usage came to."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, Numeric, case, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.payments.deduction import Source
from services.billing.tables import BillingTable
from services.kit.database import PartnerRow
from services.kit.errors import Refusal

# What is charged has hundredths at most; what is rated has all decimals of the meters.
_CHARGED: Final = Numeric(20, 2)
# Refunds that return coupons: how long after paying, and for how many lines a year (domain.md 4.2).
RETURN_PERIOD: Final = timedelta(days=5)
RETURNS_A_YEAR: Final = 10

# The column of each source, here and of consumption details.
COLUMNS: Final = {
    Source.VOUCHER: "voucher_amount",
    Source.CASH_COUPON: "cash_coupon_amount",
    Source.CASH: "cash_amount",
    Source.CREDIT: "credit_amount",
    Source.DEBT: "debt_amount",
}
AMOUNTS: Final = (
    "list_amount",
    "discount_amount",
    "payable_amount",
    *COLUMNS.values(),
    "forfeited_amount",
    "refunded_amount",
)


class PaymentKind(StrEnum):
    ORDER = "ORDER"
    USAGE = "USAGE"
    REFUND = "REFUND"
    ARREARS = "ARREARS"


class PaymentState(StrEnum):
    HELD = "HELD"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class AdvisoryPaysItself(Refusal):
    pass


class OrderAlreadyPaid(Refusal):
    pass


class PaymentStateConflict(Refusal):
    pass


class RefundExceedsPayment(Refusal):
    pass


class Payment(PartnerRow, BillingTable):
    """What was taken for an order or for usage, given back, or repaid.

    The partner is the one that its customer belonged to. The amounts of legs and lines are counts
    of the smallest unit that is charged.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("kind IN ('ORDER', 'USAGE', 'REFUND', 'ARREARS')", name="kind"),
        CheckConstraint("state IN ('HELD', 'PAID', 'CANCELLED', 'EXPIRED')", name="state"),
        CheckConstraint("payer IN ('CUSTOMER', 'PARTNER')", name="payer"),
        CheckConstraint("payable_amount = list_amount - discount_amount", name="payable"),
        CheckConstraint(
            "payable_amount = voucher_amount + cash_coupon_amount + cash_amount + credit_amount"
            " + debt_amount + forfeited_amount",
            name="paid",
        ),
        CheckConstraint("refunded_amount BETWEEN 0 AND payable_amount", name="refunded"),
        CheckConstraint("(kind = 'REFUND') = (refunded_payment_id IS NOT NULL)", name="refund"),
        CheckConstraint("(kind = 'USAGE') = (billing_cycle IS NOT NULL)", name="usage"),
        CheckConstraint("state <> 'HELD' OR expire_time IS NOT NULL", name="held"),
        CheckConstraint("(state = 'PAID') = (pay_time IS NOT NULL)", name="pay_time"),
        # An order is paid once, and not held twice.
        Index(
            "payments_order_number_key",
            "tenant_id",
            "customer_id",
            "order_number",
            unique=True,
            postgresql_where=text("kind = 'ORDER' AND state IN ('HELD', 'PAID')"),
        ),
        Index("payments_create_time_idx", "tenant_id", "create_time", "id"),
        Index("payments_customer_create_time_idx", "tenant_id", "customer_id", "create_time", "id"),
        # What the job looks for, over all tenants.
        Index("payments_held_idx", "expire_time", postgresql_where=text("state = 'HELD'")),
    )

    customer_id: Mapped[UUID]
    kind: Mapped[str]
    state: Mapped[str]
    payer: Mapped[str]
    order_number: Mapped[str | None]
    billing_cycle: Mapped[date | None]
    refunded_payment_id: Mapped[UUID | None]
    currency_code: Mapped[str]
    list_amount: Mapped[Decimal]
    discount_amount: Mapped[Decimal]
    payable_amount: Mapped[Decimal] = mapped_column(_CHARGED)
    voucher_amount: Mapped[Decimal] = mapped_column(_CHARGED)
    cash_coupon_amount: Mapped[Decimal] = mapped_column(_CHARGED)
    cash_amount: Mapped[Decimal] = mapped_column(_CHARGED)
    credit_amount: Mapped[Decimal] = mapped_column(_CHARGED)
    debt_amount: Mapped[Decimal] = mapped_column(_CHARGED)
    forfeited_amount: Mapped[Decimal] = mapped_column(_CHARGED)
    refunded_amount: Mapped[Decimal] = mapped_column(_CHARGED)
    # Of a refund: whether it was one of those that return all coupons.
    returns_coupons: Mapped[bool] = mapped_column(server_default=text("false"))
    legs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    # The ledger's group: of what was moved or, until then, of what was set aside.
    transaction_id: Mapped[UUID]
    expire_time: Mapped[datetime | None]
    create_time: Mapped[datetime]
    pay_time: Mapped[datetime | None]
    cancel_time: Mapped[datetime | None]

    ENDED: ClassVar[dict[str, str]] = {
        PaymentState.CANCELLED: "was cancelled",
        PaymentState.EXPIRED: "has expired",
        PaymentState.PAID: "was paid",
        PaymentState.HELD: "is held",
    }

    @classmethod
    def shown_state(cls, now: ColumnElement[datetime]) -> ColumnElement[str]:
        """Say in SQL where a payment stands at a time: no job can be late."""
        is_over = (cls.state == PaymentState.HELD) & (cls.expire_time <= now)
        return case((is_over, PaymentState.EXPIRED.value), else_=cls.state)

    def state_at(self, now: datetime) -> str:
        if self.state == PaymentState.HELD and self.expire_time and self.expire_time <= now:
            return PaymentState.EXPIRED
        return self.state

    def refuse_unless(self, *, kind: PaymentKind, state: PaymentState, now: datetime) -> None:
        """Let only a payment that stands where it must go on.

        :raises PaymentStateConflict:
        """
        mine = self.state_at(now)
        if self.kind != kind:
            raise PaymentStateConflict("the payment is for no order", state=mine)
        if mine != state:
            raise PaymentStateConflict(f"the payment {self.ENDED[mine]}", state=mine)

    def pay(self, *, transaction_id: UUID, now: datetime) -> None:
        self.state = PaymentState.PAID
        self.transaction_id = transaction_id
        self.pay_time = now

    def cancel(self, *, now: datetime) -> None:
        self.state = PaymentState.CANCELLED
        self.cancel_time = now

    def expire(self) -> None:
        self.state = PaymentState.EXPIRED


class UsageRow(BillingTable):
    """Usage that waits to be charged; then it becomes a consumption detail of the same id."""

    __tablename__ = "usages"
    __table_args__ = (
        CheckConstraint("extract(day FROM billing_cycle) = 1", name="billing_cycle"),
        CheckConstraint("discount_amount BETWEEN 0 AND list_amount", name="amounts"),
        CheckConstraint("consume_end_time >= consume_time", name="consume_end_time"),
        # In this order they are charged, customer by customer.
        Index(
            "usages_customer_idx", "tenant_id", "customer_id", "billing_cycle", "consume_time", "id"
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    billing_cycle: Mapped[date] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    partner_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    usage_number: Mapped[str]
    service_type_code: Mapped[str]
    service_type_name: Mapped[str | None]
    resource_type_code: Mapped[str | None]
    cloud_resource_id: Mapped[str | None]
    resource_name: Mapped[str | None]
    product_id: Mapped[str | None]
    product_name: Mapped[str | None]
    region_code: Mapped[str | None]
    usage_type: Mapped[str | None]
    usage_amount: Mapped[Decimal | None]
    usage_unit: Mapped[str | None]
    consume_time: Mapped[datetime]
    consume_end_time: Mapped[datetime | None]
    currency_code: Mapped[str]
    list_amount: Mapped[Decimal]
    discount_amount: Mapped[Decimal]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())


class UsageTotal(BillingTable):
    """What a customer's usage of a month was rated at, and what of that was charged so far.

    The difference, less than can be charged, is carried on: it is part of what comes next.
    """

    __tablename__ = "usage_totals"
    __table_args__ = (
        CheckConstraint(
            "rated_amount - charged_amount >= 0 AND rated_amount - charged_amount < 1",
            name="residue",
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    billing_cycle: Mapped[date] = mapped_column(primary_key=True)
    currency_code: Mapped[str] = mapped_column(primary_key=True)
    rated_amount: Mapped[Decimal]
    charged_amount: Mapped[Decimal] = mapped_column(_CHARGED)
