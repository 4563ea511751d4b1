"""Adds the account managers of partners, and who looks after a reseller."""

import sqlalchemy as sa
from alembic import op

from services.kit.migrations import grant, protect

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "account_managers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "create_time",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="account_managers_pkey"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partners.tenant_id", "partners.id"],
            name="account_managers_tenant_id_partner_id_fkey",
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "partner_id",
            "account_name",
            name="account_managers_tenant_id_partner_id_account_name_key",
        ),
        sa.UniqueConstraint(
            "tenant_id", "partner_id", "id", name="account_managers_tenant_id_partner_id_id_key"
        ),
        sa.CheckConstraint(
            "name <> '' AND account_name <> ''", name="account_managers_names_check"
        ),
    )
    op.create_index(
        "account_managers_create_time_idx", "account_managers", ["tenant_id", "create_time", "id"]
    )
    op.create_index("account_managers_name_idx", "account_managers", ["tenant_id", "name", "id"])
    op.create_foreign_key(
        "partners_account_manager_fkey",
        "partners",
        "account_managers",
        ["tenant_id", "distributor_id", "account_manager_id"],
        ["tenant_id", "partner_id", "id"],
    )
    protect("account_managers", partner=True)
    grant("account_managers", "SELECT", "INSERT", "UPDATE")
