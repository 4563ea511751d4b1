"""Adds incentive lines."""

from typing import Any

from alembic import op
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Text,
    Uuid,
    func,
)

from services.kit.migrations import grant, protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXES = {
    "create_time": ("create_time", "id"),
    "amount": ("amount", "id"),
    "customer": ("customer_id", "create_time", "id"),
    "customer_amount": ("customer_id", "amount", "id"),
    "manager": ("account_manager_id", "create_time", "id"),
    "bill": ("incentive_bill_id", "create_time", "id"),
    "order": ("order_number",),
}
CHECKS = {
    "partner_id": "partner_id = tenant_id",
    "period": r"period ~ '^\d{4}-(0[1-9]|1[0-2]|Q[1-4])$' AND left(period, 4)::integer = year",
    "association_type": "association_type IN ('ADVISORY', 'RESALE')",
    "charging_mode": "charging_mode IN ('PERIOD', 'PAY_PER_USE', 'RESERVED', 'SAVINGS_PLAN')",
    "state": (
        "state IN ('ESTIMATED', 'CONFIRMED', 'AVAILABLE', 'FROZEN', 'IN_PAYOUT', 'PAID',"
        " 'OFFSET', 'EXPIRED')"
    ),
    "currency_code": "currency_code ~ '^[A-Z]{3}$'",
    "amount": "amount = round(amount, 2)",
    "rate": "rate >= 0 AND rate <= 1",
    "frozen": "frozen OR state <> 'FROZEN'",
    "freeze_reason": "frozen OR freeze_reason IS NULL",
}

# What happens to a line after it was computed.
_LATER = "incentive_bill_id, state, frozen, freeze_reason"


def upgrade() -> None:
    op.create_table(
        "incentives",
        *_columns(),
        PrimaryKeyConstraint("tenant_id", "id", name="incentives_pkey"),
        *(
            CheckConstraint(rule, name=op.f(f"incentives_{name}_check"))
            for name, rule in CHECKS.items()
        ),
    )
    for name, columns in INDEXES.items():
        op.create_index(f"incentives_{name}_idx", "incentives", ["tenant_id", *columns])
    protect("incentives", partner=True)
    # What a line earned stays for ever.
    grant("incentives", "SELECT", "INSERT", f"UPDATE ({_LATER})")


def _columns() -> list[Column[Any]]:
    return [
        Column("tenant_id", Uuid(), nullable=False),
        Column("id", Uuid(), nullable=False),
        Column("partner_id", Uuid(), nullable=False),
        Column("incentive_bill_id", Uuid()),
        Column("year", Integer(), nullable=False),
        Column("period", Text(), nullable=False),
        Column("plan_name", Text(), nullable=False),
        Column("order_number", Text()),
        Column("customer_id", Uuid(), nullable=False),
        Column("customer_name", Text()),
        Column("customer_account_name", Text()),
        Column("indirect_partner_id", Uuid()),
        Column("indirect_partner_name", Text()),
        Column("account_manager_id", Uuid()),
        Column("account_manager_name", Text()),
        Column("service_type_code", Text(), nullable=False),
        Column("service_type_name", Text()),
        Column("association_type", Text(), nullable=False),
        Column("charging_mode", Text(), nullable=False),
        Column("currency_code", Text(), nullable=False),
        Column("consumption_amount", Numeric(38, 15), nullable=False),
        Column("performance_amount", Numeric(38, 15), nullable=False),
        Column("rate", Numeric(38, 15), nullable=False),
        Column("amount", Numeric(38, 15), nullable=False),
        Column("state", Text(), nullable=False),
        Column("frozen", Boolean(), nullable=False),
        Column("freeze_reason", Text()),
        Column("create_time", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ]
