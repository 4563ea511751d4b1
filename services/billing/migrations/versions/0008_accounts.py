"""Adds the one currency of each tenant."""

from alembic import op
from sqlalchemy import CheckConstraint, Column, PrimaryKeyConstraint, Text, Uuid

from services.kit.migrations import grant, make_immutable, protect

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _create_tenant_currencies()


def _create_tenant_currencies() -> None:
    op.create_table(
        "tenant_currencies",
        Column("tenant_id", Uuid(), nullable=False),
        Column("currency_code", Text(), nullable=False),
        PrimaryKeyConstraint("tenant_id", name="tenant_currencies_pkey"),
        CheckConstraint(
            "currency_code ~ '^[A-Z]{3}$'", name="tenant_currencies_currency_code_check"
        ),
    )
    protect("tenant_currencies")
    grant("tenant_currencies", "SELECT", "INSERT")
    make_immutable("tenant_currencies")
