"""Adds programs, applications and memberships."""

from typing import Any

from alembic import op
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.kit.migrations import grant, protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_programs()
    _create_applications()
    _create_memberships()


def _create_programs() -> None:
    op.create_table(
        "programs",
        Column("tenant_id", Uuid(), nullable=False),
        Column("id", Uuid(), nullable=False),
        Column("code", Text(), nullable=False),
        Column("program_type", Text(), nullable=False),
        Column("name", Text(), nullable=False),
        Column("description", Text(), nullable=False),
        Column("tiers", ARRAY(Text()), nullable=False),
        Column("requirements", ARRAY(Text()), nullable=False),
        Column("agreement_name", Text()),
        Column("agreement_version", Text()),
        Column("agreement_url", Text()),
        Column("requires_review", Boolean(), nullable=False),
        Column("invite_only", Boolean(), nullable=False),
        Column("state", Text(), nullable=False),
        _create_time(),
        PrimaryKeyConstraint("tenant_id", "id", name="programs_pkey"),
        UniqueConstraint("tenant_id", "code", name="programs_tenant_id_code_key"),
        *_checks(
            "programs",
            code="code ~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$'",
            program_type=(
                "program_type IN ('PARTNER_CO_EXPANSION', 'COMPETENCY', 'SOLUTION_PROVIDER',"
                " 'DISTRIBUTION_DISTRIBUTOR', 'DISTRIBUTION_RESELLER', 'MARKETPLACE_SELLER',"
                " 'MARKETPLACE_CUSTOMER_SERVICE')"
            ),
            agreement=(
                "(agreement_name IS NULL) = (agreement_version IS NULL)"
                " AND (agreement_name IS NOT NULL OR agreement_url IS NULL)"
            ),
            state="state IN ('OPEN', 'CLOSED')",
        ),
    )
    op.create_index("programs_create_time_idx", "programs", ["tenant_id", "create_time", "id"])
    op.create_index("programs_name_idx", "programs", ["tenant_id", "name", "id"])
    protect("programs")
    grant("programs", "SELECT", "INSERT", "UPDATE")


def _create_applications() -> None:
    table = "program_applications"
    op.create_table(
        table,
        *_keys(table),
        Column("kind", Text(), nullable=False),
        Column("applied_tier", Text()),
        Column("state", Text(), nullable=False),
        Column("contacts", JSONB(), nullable=False),
        Column("agreements", JSONB(), nullable=False),
        Column("submit_time", DateTime(timezone=True)),
        Column("decide_time", DateTime(timezone=True)),
        Column("reject_reason", Text()),
        _create_time(),
        *_checks(
            table,
            kind="kind IN ('JOIN', 'TIER_UPGRADE', 'RENEWAL')",
            state=(
                "state IN ('DRAFT', 'UNDER_REVIEW', 'DISTRIBUTOR_REVIEW', 'APPROVED', 'REJECTED',"
                " 'WITHDRAWN')"
            ),
            submit_time=(
                "CASE state WHEN 'DRAFT' THEN submit_time IS NULL WHEN 'WITHDRAWN' THEN true"
                " ELSE submit_time IS NOT NULL END"
            ),
            decide_time=(
                "(decide_time IS NOT NULL) = (state IN ('APPROVED', 'REJECTED'))"
                " AND decide_time >= submit_time"
            ),
            reject_reason="reject_reason IS NULL OR state = 'REJECTED'",
        ),
    )
    op.create_index(
        "program_applications_open_key",
        table,
        ["tenant_id", "partner_id", "program_id", "kind"],
        unique=True,
        postgresql_where=text("state IN ('DRAFT', 'UNDER_REVIEW', 'DISTRIBUTOR_REVIEW')"),
    )
    op.create_index(f"{table}_idx", table, ["tenant_id", "partner_id", "submit_time", "id"])
    op.create_index(f"{table}_program_id_idx", table, ["tenant_id", "program_id"])
    protect(table, partner=True)
    grant(table, "SELECT", "INSERT", "UPDATE")


def _create_memberships() -> None:
    table = "program_memberships"
    op.create_table(
        table,
        *_keys(table),
        Column("tier", Text()),
        Column("join_time", DateTime(timezone=True), nullable=False),
        Column("expire_time", DateTime(timezone=True)),
        Column("state", Text(), nullable=False),
        Column("certificate_number", Text()),
        _create_time(),
        *_checks(
            table,
            state="state IN ('ACTIVE', 'EXPIRED', 'EXITED')",
            expire_time="expire_time > join_time",
        ),
    )
    op.create_index(
        "program_memberships_active_key",
        table,
        ["tenant_id", "partner_id", "program_id"],
        unique=True,
        postgresql_where=text("state = 'ACTIVE'"),
    )
    op.create_index(
        "program_memberships_due_idx",
        table,
        ["expire_time"],
        postgresql_where=text("state = 'ACTIVE'"),
    )
    for name in ("join_time", "expire_time"):
        op.create_index(f"{table}_{name}_idx", table, ["tenant_id", "partner_id", name, "id"])
    op.create_index(f"{table}_program_id_idx", table, ["tenant_id", "program_id"])
    protect(table, partner=True)
    grant(table, "SELECT", "INSERT", "UPDATE")


def _keys(table: str) -> list[Any]:
    return [
        Column("tenant_id", Uuid(), nullable=False),
        Column("id", Uuid(), nullable=False),
        Column("partner_id", Uuid(), nullable=False),
        Column("program_id", Uuid(), nullable=False),
        PrimaryKeyConstraint("tenant_id", "id", name=f"{table}_pkey"),
        ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["programs.tenant_id", "programs.id"],
            name=f"{table}_tenant_id_program_id_fkey",
        ),
    ]


def _checks(table: str, **rules: str) -> list[CheckConstraint]:
    return [
        CheckConstraint(rule, name=op.f(f"{table}_{name}_check")) for name, rule in rules.items()
    ]


def _create_time() -> Column[Any]:
    return Column("create_time", DateTime(timezone=True), nullable=False, server_default=func.now())
