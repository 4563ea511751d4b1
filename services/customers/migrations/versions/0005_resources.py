"""Adds the resources of customers."""

import sqlalchemy as sa
from alembic import op

from services.kit.migrations import grant, protect

revision = "0005"
down_revision = "0004"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "resources",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("cloud_resource_id", sa.Text(), nullable=False),
        sa.Column("resource_name", sa.Text()),
        sa.Column("charging_mode", sa.Text(), nullable=False),
        sa.Column("service_type_code", sa.Text(), nullable=False),
        sa.Column("service_type_name", sa.Text()),
        sa.Column("resource_type_code", sa.Text(), nullable=False),
        sa.Column("resource_type_name", sa.Text()),
        sa.Column("resource_spec_code", sa.Text()),
        sa.Column("product_id", sa.Text()),
        sa.Column("product_spec_desc", sa.Text()),
        sa.Column("region_code", sa.Text()),
        sa.Column("availability_zone_code", sa.Text()),
        sa.Column("project_id", sa.Text()),
        sa.Column("enterprise_project_id", sa.Text()),
        sa.Column("enterprise_project_name", sa.Text()),
        sa.Column("parent_cloud_resource_id", sa.Text()),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("effective_time", TIME),
        sa.Column("expire_time", TIME),
        sa.Column("update_time", TIME, nullable=False),
        sa.Column("expire_policy", sa.Text()),
        sa.Column("spec_size", sa.Numeric(38, 15)),
        sa.Column("spec_size_measure_id", sa.BigInteger()),
        sa.Column("order_number", sa.Text()),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="resources_pkey"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name="resources_tenant_id_customer_id_fkey",
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "customer_id",
            "cloud_resource_id",
            name="resources_tenant_id_customer_id_cloud_resource_id_key",
        ),
        sa.CheckConstraint(
            "(charging_mode = 'PERIOD' AND state IN ('ACTIVE', 'EXPIRED', 'FROZEN', 'CLOSED'))"
            " OR (charging_mode = 'PAY_PER_USE' AND state IN"
            " ('ACTIVE', 'GRACE', 'FROZEN', 'CHANGING', 'CLOSING', 'CLOSED'))",
            name="resources_state_check",
        ),
        sa.CheckConstraint(
            "expire_policy IN ('GRACE', 'TO_PAY_PER_USE', 'DELETE', 'AUTO_RENEW', 'FREEZE',"
            " 'DELETE_AFTER_RETENTION') AND charging_mode = 'PERIOD' OR expire_policy IS NULL",
            name="resources_expire_policy_check",
        ),
        sa.CheckConstraint("expire_time >= effective_time", name="resources_times_check"),
        sa.CheckConstraint("cloud_resource_id <> ''", name="resources_cloud_resource_id_check"),
    )
    columns = ["tenant_id", "customer_id", "expire_time", "id"]
    op.create_index("resources_expire_time_idx", "resources", columns)
    op.create_index(
        "resources_open_idx", "resources", columns, postgresql_where=sa.text("state <> 'CLOSED'")
    )
    protect("resources", partner=True)
    grant("resources", "SELECT", "INSERT", "UPDATE")
