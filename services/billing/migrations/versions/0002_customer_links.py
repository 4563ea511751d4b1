"""Adds what billing knows of customers."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    PrimaryKeyConstraint,
    Text,
    Uuid,
)

from services.kit.migrations import grant, protect

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "customer_links",
        Column("tenant_id", Uuid(), nullable=False),
        Column("customer_id", Uuid(), nullable=False),
        Column("partner_id", Uuid(), nullable=False),
        Column("version", BigInteger(), nullable=False),
        Column("partner_name", Text(), nullable=False),
        Column("association_type", Text(), nullable=False),
        Column("account_manager_id", Uuid(), nullable=True),
        Column("account_manager_name", Text(), nullable=True),
        Column("customer_name", Text(), nullable=True),
        Column("account_name", Text(), nullable=False),
        PrimaryKeyConstraint("tenant_id", "customer_id", name="customer_links_pkey"),
        CheckConstraint(
            "association_type IN ('ADVISORY', 'RESALE')",
            name="customer_links_association_type_check",
        ),
    )
    op.create_index("customer_links_partner_id_idx", "customer_links", ["tenant_id", "partner_id"])
    op.create_index(
        "customer_links_account_manager_id_idx",
        "customer_links",
        ["tenant_id", "account_manager_id"],
    )
    protect("customer_links", partner=True)
    grant("customer_links", "SELECT", "INSERT", "UPDATE")
