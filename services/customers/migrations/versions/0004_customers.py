"""Adds customers, what raises the version of their links, and the audit of reveals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from services.kit.migrations import grant, make_immutable, protect

revision = "0004"
down_revision = "0003"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_customers()
    create_indexes()
    protect("customers", partner=True)
    grant("customers", "SELECT", "INSERT", "UPDATE")
    raise_link_versions()
    create_reveals()


def create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("account_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("customer_type", sa.Text()),
        sa.Column("verification_status", sa.Text()),
        sa.Column("association_type", sa.Text(), nullable=False),
        sa.Column("associate_time", TIME, nullable=False),
        sa.Column("account_manager_id", sa.Uuid()),
        sa.Column("tags", ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("email", sa.Text()),
        sa.Column("mobile", sa.Text()),
        sa.Column("country_code", sa.Text()),
        sa.Column("freeze_state", sa.Text(), nullable=False, server_default=sa.text("'NONE'")),
        sa.Column("level", sa.Text()),
        sa.Column("new_customer_value", sa.Text()),
        sa.Column("new_customer_effective_cycle", sa.Text()),
        sa.Column("new_customer_expire_cycle", sa.Text()),
        sa.Column("external_id", sa.Text()),
        sa.Column("external_platform", sa.Text()),
        sa.Column("currency_code", sa.Text(), nullable=False),
        sa.Column(
            "month_to_date_spend",
            sa.Numeric(38, 15),
            nullable=False,
            server_default=sa.text("0"),
        ),
        sa.Column("spend_cycle", sa.Text()),
        sa.Column("nearest_expire_time", TIME),
        sa.Column("enterprise_role", sa.Text()),
        sa.Column("create_time", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("link_version", sa.BigInteger(), nullable=False, server_default=sa.text("1")),
        sa.Column(
            "link_pushed_version", sa.BigInteger(), nullable=False, server_default=sa.text("0")
        ),
        sa.Column("link_attempts", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("link_due_time", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("link_error", sa.Text()),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="customers_pkey"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id"],
            ["partners.tenant_id", "partners.id"],
            name="customers_tenant_id_partner_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "partner_id", "account_manager_id"],
            ["account_managers.tenant_id", "account_managers.partner_id", "account_managers.id"],
            name="customers_account_manager_fkey",
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "external_platform",
            "external_id",
            name="customers_tenant_id_external_platform_external_id_key",
        ),
        *checks(),
    )


def checks() -> list[sa.CheckConstraint]:
    rules = {
        "customer_type": "customer_type IN ('PERSON', 'ENTERPRISE')",
        "verification_status": (
            "verification_status IN ('UNVERIFIED', 'IN_REVIEW', 'FAILED', 'VERIFIED')"
        ),
        "association_type": "association_type IN ('ADVISORY', 'RESALE')",
        "freeze_state": "freeze_state IN ('NONE', 'ACCOUNT', 'ACCOUNT_AND_RESOURCES')",
        "level": "level IN ('V0', 'V1', 'V2', 'V3', 'V4', 'V5')",
        "new_customer_value": "new_customer_value IN ('YES', 'NO', 'UNDETERMINED')",
        "enterprise_role": (
            "enterprise_role IN ('NONE', 'MASTER', 'MEMBER_MANAGED', 'MEMBER_INDEPENDENT')"
        ),
        "tags": "cardinality(tags) <= 20",
        "currency_code": "currency_code ~ '^[A-Z]{3}$'",
        "spend_cycle": r"spend_cycle ~ '^\d{4}-\d{2}$'",
        "link_version": "link_pushed_version <= link_version",
    }
    return [
        sa.CheckConstraint(rule, name=f"customers_{name}_check") for name, rule in rules.items()
    ]


def create_indexes() -> None:
    sorts = {
        "associate_time": "associate_time",
        "name": "name",
        "spend": "month_to_date_spend",
        "expire_time": "nearest_expire_time",
    }
    for name, column in sorts.items():
        op.create_index(
            f"customers_{name}_idx", "customers", ["tenant_id", "partner_id", column, "id"]
        )
    op.create_index(
        "customers_manager_idx",
        "customers",
        ["tenant_id", "account_manager_id", "associate_time", "id"],
    )
    op.create_index(
        "customers_link_due_idx",
        "customers",
        ["tenant_id", "link_due_time"],
        postgresql_where=sa.text("link_pushed_version < link_version"),
    )
    op.create_index(
        "customers_spend_cycle_idx",
        "customers",
        ["spend_cycle"],
        postgresql_where=sa.text("month_to_date_spend <> 0"),
    )


def raise_link_versions() -> None:
    """Let no change of what billing must know of a customer pass unnoticed, whoever makes it."""
    op.execute(
        "CREATE FUNCTION raise_link_version() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " NEW.link_version := OLD.link_version + 1; NEW.link_due_time := now();"
        " NEW.link_attempts := 0; NEW.link_error := NULL; RETURN NEW; END $$"
    )
    links = "partner_id, association_type, account_manager_id, name, account_name"
    old, new = (", ".join(f"{row}.{name}" for name in links.split(", ")) for row in ("OLD", "NEW"))
    op.execute(
        f"CREATE TRIGGER customers_link_changes BEFORE UPDATE OF {links} ON customers"
        f" FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new}))"
        " EXECUTE FUNCTION raise_link_version()"
    )
    op.execute(
        "CREATE FUNCTION raise_link_versions() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " UPDATE customers SET link_version = link_version + 1, link_due_time = now(),"
        " link_attempts = 0, link_error = NULL WHERE tenant_id = NEW.tenant_id"
        " AND CASE TG_TABLE_NAME WHEN 'partners' THEN partner_id = NEW.id"
        " ELSE account_manager_id = NEW.id END; RETURN NULL; END $$"
    )
    for table in ("partners", "account_managers"):
        op.execute(
            f"CREATE TRIGGER {table}_link_changes AFTER UPDATE OF name ON {table}"
            " FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name)"
            " EXECUTE FUNCTION raise_link_versions()"
        )


def create_reveals() -> None:
    op.create_table(
        "customer_reveals",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("reveal_time", TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="customer_reveals_pkey"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name="customer_reveals_tenant_id_customer_id_fkey",
        ),
        sa.CheckConstraint("reason <> ''", name="customer_reveals_reason_check"),
    )
    op.create_index(
        "customer_reveals_customer_idx",
        "customer_reveals",
        ["tenant_id", "customer_id", "reveal_time"],
    )
    protect("customer_reveals", partner=True)
    grant("customer_reveals", "SELECT", "INSERT")
    make_immutable("customer_reveals")
