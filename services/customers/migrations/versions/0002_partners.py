"""Adds the partners of a tenant."""

import sqlalchemy as sa
from alembic import op

from services.kit.migrations import grant, protect

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "partners",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), sa.Computed("id", persisted=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("distributor_id", sa.Uuid()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("mobile", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("associate_time", sa.DateTime(timezone=True)),
        sa.Column("account_manager_id", sa.Uuid()),
        sa.Column("state", sa.Text(), nullable=False, server_default=sa.text("'ACTIVE'")),
        sa.Column("currency_code", sa.Text(), nullable=False),
        sa.Column(
            "create_time",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="partners_pkey"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "distributor_id"],
            ["partners.tenant_id", "partners.id"],
            name="partners_tenant_id_distributor_id_fkey",
        ),
        sa.UniqueConstraint(
            "tenant_id", "account_name", name="partners_tenant_id_account_name_key"
        ),
        sa.CheckConstraint(
            "(kind IN ('SOLUTION_PROVIDER', 'DISTRIBUTOR') AND id = tenant_id"
            " AND distributor_id IS NULL AND associate_time IS NULL)"
            " OR (kind = 'INDIRECT_PARTNER' AND id <> tenant_id"
            " AND distributor_id = tenant_id AND associate_time IS NOT NULL)",
            name="partners_kind_check",
        ),
        sa.CheckConstraint(
            "state IN ('INVITED', 'PENDING_DISTRIBUTOR_REVIEW', 'ACTIVE', 'FROZEN', 'LEFT')",
            name="partners_state_check",
        ),
        sa.CheckConstraint("currency_code ~ '^[A-Z]{3}$'", name="partners_currency_code_check"),
        sa.CheckConstraint("name <> '' AND account_name <> ''", name="partners_names_check"),
    )
    op.create_index(
        "partners_associate_time_idx", "partners", ["tenant_id", "associate_time", "id"]
    )
    op.create_index("partners_name_idx", "partners", ["tenant_id", "name", "id"])
    protect("partners", partner=True)
    grant("partners", "SELECT", "INSERT", "UPDATE")
