"""Installs the tables of exports in a service's database."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.migrations import grant, make_immutable, protect

_UNFINISHED = "state IN ('QUEUED', 'RUNNING')"


def install_exports() -> None:
    """Create exports, their parts and the note of downloads, as kit/exports/model.py maps them."""
    _create_exports()
    _create_export_parts()
    _create_export_downloads()


def _create_exports() -> None:
    op.create_table(
        "exports",
        *_keys("tenant_id", "id", "partner_id"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("requester", JSONB(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("listed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("rows_total", sa.BigInteger()),
        sa.Column("part_count", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text()),
        sa.Column("byte_count", sa.BigInteger()),
        sa.Column("sha256", sa.LargeBinary()),
        sa.Column("failure", sa.Text()),
        sa.Column("failure_count", sa.BigInteger(), nullable=False),
        _time("create_time"),
        sa.Column("finish_time", sa.DateTime(timezone=True)),
        sa.Column("expire_time", sa.DateTime(timezone=True)),
        _time("lease_time", default=sa.func.now()),
        sa.Column("worker_id", sa.Uuid()),
        *_rules(),
    )
    _create_indexes()
    protect("exports", partner=True)
    grant("exports", "SELECT", "INSERT", "UPDATE")


def _rules() -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("tenant_id", "id", name="exports_pkey"),
        sa.CheckConstraint("format IN ('CSV', 'XLSX')", name="exports_format_check"),
        sa.CheckConstraint(
            "state IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'EXPIRED')",
            name="exports_state_check",
        ),
        sa.CheckConstraint(
            "(state = 'FAILED') = (failure IS NOT NULL)", name="exports_failure_check"
        ),
        sa.CheckConstraint(
            "state NOT IN ('COMPLETED', 'EXPIRED') OR sha256 IS NOT NULL",
            name="exports_sha256_check",
        ),
    ]


def _create_indexes() -> None:
    op.create_index(
        "exports_unfinished_key",
        "exports",
        ["tenant_id", "subject", "kind"],
        unique=True,
        postgresql_where=sa.text(_UNFINISHED),
    )
    op.create_index("exports_subject_idx", "exports", ["tenant_id", "subject", "create_time", "id"])
    op.create_index(
        "exports_due_idx", "exports", ["lease_time"], postgresql_where=sa.text(_UNFINISHED)
    )
    op.create_index(
        "exports_expire_time_idx",
        "exports",
        ["expire_time"],
        postgresql_where=sa.text("state IN ('COMPLETED', 'FAILED')"),
    )


def _create_export_parts() -> None:
    op.create_table(
        "export_parts",
        *_keys("tenant_id", "export_id"),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("place", sa.Text()),
        _time("create_time", default=sa.func.now()),
        sa.PrimaryKeyConstraint("tenant_id", "export_id", "number", name="export_parts_pkey"),
        _of_export("export_parts"),
    )
    protect("export_parts")
    grant("export_parts", "SELECT", "INSERT")
    make_immutable("export_parts")


def _create_export_downloads() -> None:
    op.create_table(
        "export_downloads",
        *_keys("tenant_id", "id", "partner_id", "export_id"),
        sa.Column("subject", sa.Text(), nullable=False),
        _time("download_time"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="export_downloads_pkey"),
        _of_export("export_downloads"),
    )
    op.create_index(
        "export_downloads_export_id_idx", "export_downloads", ["tenant_id", "export_id"]
    )
    protect("export_downloads", partner=True)
    grant("export_downloads", "SELECT", "INSERT")
    make_immutable("export_downloads")


def _keys(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Uuid(), nullable=False) for name in names]


def _time(name: str, *, default: Any = None) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=default)


def _of_export(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "export_id"],
        ["exports.tenant_id", "exports.id"],
        name=f"{table}_export_id_fkey",
    )
