"""Adds adjustments, and how far the closing of a customer's accounts is."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Numeric,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.kit.migrations import grant, make_immutable, protect

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    _create_adjustments()
    op.add_column(
        "customer_links",
        Column("is_closing", Boolean(), nullable=False, server_default=text("false")),
    )
    _create_closings()


def _create_adjustments() -> None:
    op.create_table(
        "adjustments",
        Column("tenant_id", Uuid(), nullable=False),
        Column("id", Uuid(), nullable=False),
        Column("partner_id", Uuid(), nullable=False),
        Column("transaction_id", Uuid(), nullable=False),
        Column("customer_id", Uuid(), nullable=True),
        Column("target_partner_id", Uuid(), nullable=True),
        Column("operation_type", Text(), nullable=False),
        Column("kind", Text(), nullable=False),
        Column("currency_code", Text(), nullable=False),
        Column("amount", Numeric(20, 2), nullable=False),
        Column("operate_time", DateTime(timezone=True), nullable=False),
        Column("operator", Text(), nullable=False),
        Column("memo", Text(), nullable=True),
        PrimaryKeyConstraint("tenant_id", "id", name="adjustments_pkey"),
        UniqueConstraint("tenant_id", "transaction_id", "kind", name="adjustments_transaction_key"),
        CheckConstraint(
            "num_nonnulls(customer_id, target_partner_id) = 1", name="adjustments_target_check"
        ),
        CheckConstraint(
            "target_partner_id <> partner_id", name="adjustments_target_partner_id_check"
        ),
        CheckConstraint(
            "operation_type IN ('ALLOCATE', 'RECLAIM', 'UNBIND_RECLAIM')",
            name="adjustments_operation_type_check",
        ),
        CheckConstraint("kind IN ('CASH', 'CREDIT')", name="adjustments_kind_check"),
        CheckConstraint("amount > 0", name="adjustments_amount_check"),
    )
    for name, key in (
        ("adjustments_operate_time_idx", "partner_id"),
        ("adjustments_customer_operate_time_idx", "customer_id"),
    ):
        op.create_index(name, "adjustments", ["tenant_id", key, "operate_time", "id"])
    protect("adjustments", partner=True)
    grant("adjustments", "SELECT", "INSERT")
    make_immutable("adjustments")


def _create_closings() -> None:
    op.create_table(
        "closings",
        Column("tenant_id", Uuid(), nullable=False),
        Column("customer_id", Uuid(), nullable=False),
        Column("partner_id", Uuid(), nullable=False),
        Column("fence", BigInteger(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("reclaimed_voucher_count", BigInteger(), nullable=False),
        Column("transaction_id", Uuid(), nullable=True),
        Column("update_time", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("tenant_id", "customer_id", name="closings_pkey"),
        CheckConstraint(
            "state IN ('CLOSED', 'VOUCHERS_RECLAIMED', 'BALANCES_RETURNED', 'REOPENED')",
            name="closings_state_check",
        ),
        CheckConstraint("fence > 0", name="closings_fence_check"),
    )
    protect("closings", partner=True)
    grant("closings", "SELECT", "INSERT", "UPDATE")
