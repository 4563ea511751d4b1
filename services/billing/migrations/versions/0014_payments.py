"""Adds payments, usage that waits to be charged, and what each month's usage came to."""

from alembic import op
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Numeric,
    PrimaryKeyConstraint,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.migrations import grant, protect

revision = "0014"
down_revision = "0013"

_CHARGED = (
    "payable_amount",
    "voucher_amount",
    "cash_coupon_amount",
    "cash_amount",
    "credit_amount",
    "debt_amount",
    "forfeited_amount",
    "refunded_amount",
)
# What happens to a payment after it was made; what it was for stays for ever.
_LATER = "state, legs, lines, refunded_amount, transaction_id, pay_time, cancel_time"


def upgrade() -> None:
    _create_payments()
    _create_usages()
    _create_usage_totals()
    # What the meters rated, where a detail was charged here; what is imported was billed elsewhere.
    op.add_column("consumption_details", Column("rated_amount", Numeric(38, 15), nullable=True))
    # Those who owe are few and found among all accounts.
    op.create_index(
        "accounts_receivable_idx",
        "accounts",
        ["tenant_id", "holder_id"],
        postgresql_where=text("kind = 5"),
    )


def _create_payments() -> None:
    op.create_table(
        "payments",
        *[Column(name, Uuid(), nullable=False) for name in ("tenant_id", "id", "partner_id")],
        Column("customer_id", Uuid(), nullable=False),
        *[Column(name, Text(), nullable=False) for name in ("kind", "state", "payer")],
        Column("order_number", Text(), nullable=True),
        Column("billing_cycle", Date(), nullable=True),
        Column("refunded_payment_id", Uuid(), nullable=True),
        Column("currency_code", Text(), nullable=False),
        Column("list_amount", Numeric(38, 15), nullable=False),
        Column("discount_amount", Numeric(38, 15), nullable=False),
        *[Column(name, Numeric(20, 2), nullable=False) for name in _CHARGED],
        Column("returns_coupons", Boolean(), nullable=False, server_default=text("false")),
        Column("legs", JSONB(), nullable=False),
        Column("lines", JSONB(), nullable=False),
        Column("transaction_id", Uuid(), nullable=False),
        Column("expire_time", DateTime(timezone=True), nullable=True),
        Column("create_time", DateTime(timezone=True), nullable=False),
        Column("pay_time", DateTime(timezone=True), nullable=True),
        Column("cancel_time", DateTime(timezone=True), nullable=True),
        PrimaryKeyConstraint("tenant_id", "id", name="payments_pkey"),
        *[CheckConstraint(rule, name=f"payments_{name}_check") for name, rule in _RULES.items()],
    )
    op.create_index(
        "payments_order_number_key",
        "payments",
        ["tenant_id", "customer_id", "order_number"],
        unique=True,
        postgresql_where=text("kind = 'ORDER' AND state IN ('HELD', 'PAID')"),
    )
    op.create_index("payments_create_time_idx", "payments", ["tenant_id", "create_time", "id"])
    op.create_index(
        "payments_customer_create_time_idx",
        "payments",
        ["tenant_id", "customer_id", "create_time", "id"],
    )
    op.create_index(
        "payments_held_idx", "payments", ["expire_time"], postgresql_where=text("state = 'HELD'")
    )
    protect("payments", partner=True)
    grant("payments", "SELECT", "INSERT", f"UPDATE ({_LATER})")


_RULES = {
    "kind": "kind IN ('ORDER', 'USAGE', 'REFUND', 'ARREARS')",
    "state": "state IN ('HELD', 'PAID', 'CANCELLED', 'EXPIRED')",
    "payer": "payer IN ('CUSTOMER', 'PARTNER')",
    "payable": "payable_amount = list_amount - discount_amount",
    "paid": "payable_amount = voucher_amount + cash_coupon_amount + cash_amount + credit_amount"
    " + debt_amount + forfeited_amount",
    "refunded": "refunded_amount BETWEEN 0 AND payable_amount",
    "refund": "(kind = 'REFUND') = (refunded_payment_id IS NOT NULL)",
    "usage": "(kind = 'USAGE') = (billing_cycle IS NOT NULL)",
    "held": "state <> 'HELD' OR expire_time IS NOT NULL",
    "pay_time": "(state = 'PAID') = (pay_time IS NOT NULL)",
}


def _create_usages() -> None:
    texts = (
        "service_type_name",
        "resource_type_code",
        "cloud_resource_id",
        "resource_name",
        "product_id",
        "product_name",
        "region_code",
        "usage_type",
    )
    op.create_table(
        "usages",
        Column("tenant_id", Uuid(), nullable=False),
        Column("billing_cycle", Date(), nullable=False),
        *[Column(name, Uuid(), nullable=False) for name in ("id", "partner_id", "customer_id")],
        Column("usage_number", Text(), nullable=False),
        Column("service_type_code", Text(), nullable=False),
        *[Column(name, Text(), nullable=True) for name in texts],
        Column("usage_amount", Numeric(38, 15), nullable=True),
        Column("usage_unit", Text(), nullable=True),
        Column("consume_time", DateTime(timezone=True), nullable=False),
        Column("consume_end_time", DateTime(timezone=True), nullable=True),
        Column("currency_code", Text(), nullable=False),
        Column("list_amount", Numeric(38, 15), nullable=False),
        Column("discount_amount", Numeric(38, 15), nullable=False),
        Column("create_time", DateTime(timezone=True), nullable=False, server_default=func.now()),
        PrimaryKeyConstraint("tenant_id", "billing_cycle", "id", name="usages_pkey"),
        CheckConstraint("extract(day FROM billing_cycle) = 1", name="usages_billing_cycle_check"),
        CheckConstraint("discount_amount BETWEEN 0 AND list_amount", name="usages_amounts_check"),
        CheckConstraint("consume_end_time >= consume_time", name="usages_consume_end_time_check"),
    )
    op.create_index(
        "usages_customer_idx",
        "usages",
        ["tenant_id", "customer_id", "billing_cycle", "consume_time", "id"],
    )
    protect("usages", partner=True)
    # Rows that were charged leave: they are consumption details from then on.
    grant("usages", "SELECT", "INSERT", "UPDATE (create_time)", "DELETE")


def _create_usage_totals() -> None:
    op.create_table(
        "usage_totals",
        Column("tenant_id", Uuid(), nullable=False),
        Column("customer_id", Uuid(), nullable=False),
        Column("billing_cycle", Date(), nullable=False),
        Column("currency_code", Text(), nullable=False),
        Column("rated_amount", Numeric(38, 15), nullable=False),
        Column("charged_amount", Numeric(20, 2), nullable=False),
        PrimaryKeyConstraint(
            "tenant_id", "customer_id", "billing_cycle", "currency_code", name="usage_totals_pkey"
        ),
        CheckConstraint(
            "rated_amount - charged_amount >= 0 AND rated_amount - charged_amount < 1",
            name="usage_totals_residue_check",
        ),
    )
    protect("usage_totals")
    grant("usage_totals", "SELECT", "INSERT", "UPDATE (rated_amount, charged_amount)")
