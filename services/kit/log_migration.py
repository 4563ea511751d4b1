"""What migrations make of the operation log and its seals, and of tables sealed as well."""

import sqlalchemy as sa
from alembic import op

from services.kit.migrations import grant, make_immutable, protect

_TRANSACTION = "pg_current_xact_id()::text::bigint"


def install_operation_log() -> None:
    """Create the log (kit/operation_log.py) and the chain of its seals (kit/seals.py)."""
    op.create_table(
        "operation_log",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("tenant_id", "id", "partner_id")),
        sa.Column("operate_time", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("operator", "role", "actor")),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text()),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("things", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="operation_log_pkey"),
    )
    op.create_index(
        "operation_log_operate_time_idx", "operation_log", ["tenant_id", "operate_time", "id"]
    )
    op.create_index("operation_log_things_idx", "operation_log", ["things"], postgresql_using="gin")
    protect("operation_log", partner=True)
    grant("operation_log", "SELECT", "INSERT")
    make_immutable("operation_log")
    make_sealable("operation_log")
    _install_seals()


def _install_seals() -> None:
    op.create_table(
        "seals",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.BigInteger(), nullable=False),
        sa.Column("row_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name="seals_pkey"),
        sa.UniqueConstraint(
            "tenant_id", "table_name", "row_id", "row_version", name="seals_row_key"
        ),
    )
    op.create_table(
        "seal_blocks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("n", "first_seq", "last_seq", "horizon")
        ),
        *(
            sa.Column(name, sa.LargeBinary(), nullable=False)
            for name in ("merkle_root", "prev_hash", "hash")
        ),
        sa.Column("seal_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "n", name="seal_blocks_pkey"),
    )
    op.create_index("seal_blocks_seal_time_idx", "seal_blocks", ["seal_time"])
    for table in ("seals", "seal_blocks"):
        protect(table)
        grant(table, "SELECT", "INSERT")
        make_immutable(table)


def make_sealable(table: str) -> None:
    """Note in each row which transaction wrote it; what is there already counts as the oldest."""
    op.execute(f"ALTER TABLE {table} ADD COLUMN written_in bigint NOT NULL DEFAULT 0")
    op.execute(f"ALTER TABLE {table} ALTER COLUMN written_in SET DEFAULT {_TRANSACTION}")
    op.create_index(f"{table}_written_in_idx", table, ["written_in"])
