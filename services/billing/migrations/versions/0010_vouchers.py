"""Lets what is left of vouchers and quotas return in time, and records name their transfers."""

from alembic import op
from sqlalchemy import Column, DateTime, Uuid, text

from services.kit.migrations import grant

revision = "0010"
down_revision = "0009"

# What happens to a voucher after its issue; the rest of it stays for ever (domain.md 6.7, rule 9).
_LATER = "last_use_time, order_number, lock_order_number, is_frozen, reclaim_time, due_time"
# An issue is the first that happens to its voucher's account.
_NAME_TRANSFERS = """
    UPDATE voucher_operations o SET transaction_id = e.transfer_id
    FROM vouchers v
    JOIN entries e ON e.tenant_id = v.tenant_id AND e.account_id = v.account_id AND e.version = 1
    WHERE v.tenant_id = o.tenant_id AND v.id = o.voucher_id
        AND o.operation_type = 'ISSUE' AND o.result = 'SUCCESS'
"""


def upgrade() -> None:
    # Row level security holds the owner as well.
    op.execute("SELECT set_config('app.tenant', 'every', true)")
    for table in ("voucher_quotas", "vouchers"):
        op.add_column(table, Column("due_time", DateTime(timezone=True), nullable=True))
        op.execute(f"UPDATE {table} SET due_time = expire_time")  # noqa: S608 - two names of ours
        op.create_index(
            f"{table}_due_idx",
            table,
            ["due_time"],
            postgresql_where=text("due_time IS NOT NULL"),
        )
        # Lists show a partner's own.
        for key in ("expire_time", "create_time"):
            name = f"{table}_{key}_idx"
            op.drop_index(name, table)
            op.create_index(name, table, ["tenant_id", "partner_id", key, "id"])
    grant("voucher_quotas", "SELECT", "INSERT", "UPDATE (state, due_time, update_time)")
    grant("vouchers", "SELECT", "INSERT", f"UPDATE ({_LATER})")
    op.create_index(
        "voucher_quotas_parent_quota_id_idx",
        "voucher_quotas",
        ["tenant_id", "parent_quota_id", "expire_time", "id"],
        postgresql_where=text("parent_quota_id IS NOT NULL"),
    )
    op.drop_index("vouchers_quota_id_idx", "vouchers")
    op.create_index(
        "vouchers_quota_id_idx", "vouchers", ["tenant_id", "quota_id", "create_time", "id"]
    )
    _name_transfers()


def _name_transfers() -> None:
    table = "voucher_operations"
    for name in ("sub_quota_id", "transaction_id"):
        op.add_column(table, Column(name, Uuid(), nullable=True))
    op.create_foreign_key(
        "voucher_operations_sub_quota_id_fkey",
        table,
        "voucher_quotas",
        ["tenant_id", "sub_quota_id"],
        ["tenant_id", "id"],
    )
    op.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_is_immutable")
    op.execute(_NAME_TRANSFERS)
    op.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_is_immutable")
    op.create_check_constraint(
        "voucher_operations_transaction_id_check",
        table,
        "result = 'SUCCESS' OR transaction_id IS NULL",
    )
