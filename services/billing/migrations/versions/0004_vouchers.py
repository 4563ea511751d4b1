"""Adds voucher quotas, vouchers and their operation records."""

from alembic import op
from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Numeric,
    PrimaryKeyConstraint,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.migrations import grant, make_immutable, protect

revision = "0004"
down_revision = "0003"

_COUPON_TYPES = "coupon_type IN ('VOUCHER', 'CASH_COUPON')"
# What happens to a voucher after its issue; the rest of it stays for ever (domain.md 6.7, rule 9).
_LATER = "last_use_time, order_number, lock_order_number, is_frozen, reclaim_time"


def upgrade() -> None:
    _create_voucher_quotas()
    _create_vouchers()
    _create_voucher_operations()


def _create_voucher_quotas() -> None:
    op.create_table(
        "voucher_quotas",
        *_keys(),
        Column("parent_quota_id", Uuid(), nullable=True),
        Column("account_id", Uuid(), nullable=False),
        Column("coupon_type", Text(), nullable=False),
        Column("currency_code", Text(), nullable=False),
        Column("face_total", Numeric(20, 2), nullable=False),
        Column("state", Text(), nullable=False),
        _time("effective_time"),
        _time("expire_time"),
        Column("limits", JSONB(), nullable=False),
        Column("customer_ids", ARRAY(Uuid()), nullable=False),
        _time("create_time"),
        _time("update_time"),
        PrimaryKeyConstraint("tenant_id", "id", name="voucher_quotas_pkey"),
        _reference("voucher_quotas", "parent_quota_id", "voucher_quotas"),
        _reference("voucher_quotas", "account_id", "accounts"),
        CheckConstraint(_COUPON_TYPES, name="voucher_quotas_coupon_type_check"),
        CheckConstraint(
            "state IN ('NORMAL', 'INVALID', 'ADJUSTING', 'FROZEN', 'RECLAIMED')",
            name="voucher_quotas_state_check",
        ),
        CheckConstraint("face_total > 0", name="voucher_quotas_face_total_check"),
        CheckConstraint("effective_time < expire_time", name="voucher_quotas_validity_check"),
    )
    for key in ("expire_time", "create_time"):
        op.create_index(f"voucher_quotas_{key}_idx", "voucher_quotas", ["tenant_id", key, "id"])
    protect("voucher_quotas", partner=True)
    grant("voucher_quotas", "SELECT", "INSERT", "UPDATE (state, update_time)")


def _create_vouchers() -> None:
    op.create_table(
        "vouchers",
        *_keys(),
        Column("customer_id", Uuid(), nullable=False),
        Column("quota_id", Uuid(), nullable=False),
        Column("account_id", Uuid(), nullable=False),
        Column("coupon_type", Text(), nullable=False),
        Column("currency_code", Text(), nullable=False),
        Column("face_value", Numeric(20, 2), nullable=False),
        _time("effective_time"),
        _time("expire_time"),
        Column("last_use_time", DateTime(timezone=True), nullable=True),
        Column("reclaim_time", DateTime(timezone=True), nullable=True),
        Column("order_number", Text(), nullable=True),
        Column("lock_order_number", Text(), nullable=True),
        Column("is_frozen", Boolean(), nullable=False, server_default=text("false")),
        Column("use_limits", JSONB(), nullable=False),
        Column("memo", Text(), nullable=True),
        _time("create_time"),
        PrimaryKeyConstraint("tenant_id", "id", name="vouchers_pkey"),
        _reference("vouchers", "quota_id", "voucher_quotas"),
        _reference("vouchers", "account_id", "accounts"),
        CheckConstraint(_COUPON_TYPES, name="vouchers_coupon_type_check"),
        CheckConstraint("face_value > 0", name="vouchers_face_value_check"),
        CheckConstraint("effective_time < expire_time", name="vouchers_validity_check"),
    )
    for key in ("expire_time", "create_time"):
        op.create_index(f"vouchers_{key}_idx", "vouchers", ["tenant_id", key, "id"])
        op.create_index(
            f"vouchers_customer_{key}_idx", "vouchers", ["tenant_id", "customer_id", key, "id"]
        )
    op.create_index("vouchers_quota_id_idx", "vouchers", ["tenant_id", "quota_id", "id"])
    protect("vouchers", partner=True)
    grant("vouchers", "SELECT", "INSERT", f"UPDATE ({_LATER})")


def _create_voucher_operations() -> None:
    op.create_table(
        "voucher_operations",
        *_keys(),
        Column("operation_type", Text(), nullable=False),
        Column("quota_id", Uuid(), nullable=False),
        Column("parent_quota_id", Uuid(), nullable=True),
        Column("voucher_id", Uuid(), nullable=True),
        Column("customer_id", Uuid(), nullable=True),
        Column("indirect_partner_id", Uuid(), nullable=True),
        Column("currency_code", Text(), nullable=False),
        Column("amount", Numeric(20, 2), nullable=False),
        _time("operate_time"),
        Column("operator", Text(), nullable=False),
        Column("result", Text(), nullable=False),
        Column("failure_reason", Text(), nullable=True),
        Column("remark", Text(), nullable=True),
        PrimaryKeyConstraint("tenant_id", "id", name="voucher_operations_pkey"),
        _reference("voucher_operations", "quota_id", "voucher_quotas"),
        _reference("voucher_operations", "voucher_id", "vouchers"),
        CheckConstraint("result IN ('SUCCESS', 'FAILURE')", name="voucher_operations_result_check"),
        CheckConstraint(
            "(result = 'FAILURE') = (failure_reason IS NOT NULL)",
            name="voucher_operations_failure_reason_check",
        ),
    )
    op.create_index(
        "voucher_operations_operate_time_idx",
        "voucher_operations",
        ["tenant_id", "operate_time", "id"],
    )
    op.create_index(
        "voucher_operations_quota_id_idx",
        "voucher_operations",
        ["tenant_id", "quota_id", "operate_time", "id"],
    )
    op.create_index(
        "voucher_operations_voucher_id_idx", "voucher_operations", ["tenant_id", "voucher_id"]
    )
    protect("voucher_operations", partner=True)
    grant("voucher_operations", "SELECT", "INSERT")
    make_immutable("voucher_operations")


def _keys() -> list[Column[object]]:
    return [Column(name, Uuid(), nullable=False) for name in ("tenant_id", "id", "partner_id")]


def _time(name: str) -> Column[object]:
    default = func.now() if name in ("create_time", "update_time") else None
    return Column(name, DateTime(timezone=True), nullable=False, server_default=default)


def _reference(table: str, name: str, target: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", name],
        [f"{target}.tenant_id", f"{target}.id"],
        name=f"{table}_{name}_fkey",
    )
