"""Adds what fund accounts, credit limits, top-ups and statements need.

Statements read entries by time. So that an account's entries have times in the order of their
numbers, `ledger_post` now reads the clock behind the locks.
"""

from pathlib import Path

from alembic import op
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from services.kit.migrations import grant, make_immutable, protect

revision = "0008"
down_revision = "0007"

_CHANNELS = (
    "channel IN ('ALIPAY', 'WECHAT', 'UNIONPAY', 'BANK_TRANSFER', 'ONLINE_BANK', 'WALLET',"
    " 'INTERNAL')"
)


def upgrade() -> None:
    _create_tenant_currencies()
    _create_balance_alerts()
    _create_invoice_arrears()
    _create_credit_changes()
    _create_top_ups()
    op.create_index(
        "accounts_credit_unit_idx", "accounts", ["unit"], postgresql_where=text("kind IN (21, 22)")
    )
    op.create_index(
        "entries_time_idx", "entries", ["tenant_id", "account_id", "create_time", "version"]
    )
    post = Path(__file__).parent / "0008_ledger_post.sql"
    op.get_bind().exec_driver_sql(post.read_text(encoding="utf-8"))


def _create_tenant_currencies() -> None:
    op.create_table(
        "tenant_currencies",
        Column("tenant_id", Uuid(), nullable=False),
        Column("currency_code", Text(), nullable=False),
        PrimaryKeyConstraint("tenant_id", name="tenant_currencies_pkey"),
        CheckConstraint(
            "currency_code ~ '^[A-Z]{3}$'", name="tenant_currencies_currency_code_check"
        ),
    )
    protect("tenant_currencies")
    grant("tenant_currencies", "SELECT", "INSERT")
    make_immutable("tenant_currencies")


def _create_balance_alerts() -> None:
    op.create_table(
        "balance_alerts",
        *_keys_of_account(),
        Column("threshold", BigInteger(), nullable=False),
        Column("receivers", ARRAY(Text()), nullable=False),
        Column("note_time", DateTime(timezone=True), nullable=True),
        PrimaryKeyConstraint("tenant_id", "account_id", name="balance_alerts_pkey"),
        _account("balance_alerts"),
        CheckConstraint("threshold >= 0", name="balance_alerts_threshold_check"),
    )
    protect("balance_alerts", partner=True)
    grant("balance_alerts", "SELECT", "INSERT", "UPDATE", "DELETE")


def _create_invoice_arrears() -> None:
    op.create_table(
        "invoice_arrears",
        *_keys_of_account(),
        Column("amount", BigInteger(), nullable=False),
        _time("update_time"),
        PrimaryKeyConstraint("tenant_id", "account_id", name="invoice_arrears_pkey"),
        _account("invoice_arrears"),
        CheckConstraint("amount >= 0", name="invoice_arrears_amount_check"),
    )
    protect("invoice_arrears", partner=True)
    grant("invoice_arrears", "SELECT", "INSERT", "UPDATE (amount, update_time)")


def _create_credit_changes() -> None:
    op.create_table(
        "credit_changes",
        *_keys(),
        Column("account_id", Uuid(), nullable=False),
        Column("change", Text(), nullable=False),
        Column("expire_date", Date(), nullable=True),
        Column("amount", BigInteger(), nullable=False),
        Column("operator", Text(), nullable=False),
        Column("reason", Text(), nullable=True),
        Column("transaction_id", Uuid(), nullable=False),
        _time("create_time"),
        PrimaryKeyConstraint("tenant_id", "id", name="credit_changes_pkey"),
        UniqueConstraint("tenant_id", "transaction_id", name="credit_changes_transaction_id_key"),
        _account("credit_changes"),
        CheckConstraint(
            "change IN ('GRANT', 'REDUCE', 'EXPIRE')", name="credit_changes_change_check"
        ),
        CheckConstraint("amount > 0", name="credit_changes_amount_check"),
    )
    protect("credit_changes", partner=True)
    grant("credit_changes", "SELECT", "INSERT")
    make_immutable("credit_changes")


def _create_top_ups() -> None:
    op.create_table(
        "top_ups",
        *_keys(),
        Column("account_id", Uuid(), nullable=False),
        Column("channel", Text(), nullable=False),
        Column("channel_number", Text(), nullable=False),
        Column("currency_code", Text(), nullable=False),
        Column("amount", BigInteger(), nullable=False),
        Column("designated_amount", BigInteger(), nullable=False),
        Column("returned_amount", BigInteger(), nullable=False, server_default=text("0")),
        Column("earned_bonus", Boolean(), nullable=False),
        _time("pay_time"),
        Column("memo", Text(), nullable=True),
        Column("operator", Text(), nullable=False),
        Column("transaction_id", Uuid(), nullable=False),
        _time("create_time"),
        PrimaryKeyConstraint("tenant_id", "id", name="top_ups_pkey"),
        UniqueConstraint(
            "tenant_id", "channel", "channel_number", name="top_ups_channel_number_key"
        ),
        UniqueConstraint("tenant_id", "transaction_id", name="top_ups_transaction_id_key"),
        _account("top_ups"),
        CheckConstraint(_CHANNELS, name="top_ups_channel_check"),
        CheckConstraint("amount > 0", name="top_ups_amount_check"),
        CheckConstraint(
            "designated_amount BETWEEN 0 AND amount", name="top_ups_designated_amount_check"
        ),
        CheckConstraint(
            "returned_amount BETWEEN 0 AND amount - designated_amount",
            name="top_ups_returned_amount_check",
        ),
    )
    op.create_index(
        "top_ups_pay_time_idx", "top_ups", ["tenant_id", "partner_id", "pay_time", "id"]
    )
    protect("top_ups", partner=True)
    grant("top_ups", "SELECT", "INSERT", "UPDATE (returned_amount)")


def _keys() -> list[Column[object]]:
    return [Column(name, Uuid(), nullable=False) for name in ("tenant_id", "id", "partner_id")]


def _keys_of_account() -> list[Column[object]]:
    names = ("tenant_id", "account_id", "partner_id")
    return [Column(name, Uuid(), nullable=False) for name in names]


def _time(name: str) -> Column[object]:
    default = None if name == "pay_time" else func.now()
    return Column(name, DateTime(timezone=True), nullable=False, server_default=default)


def _account(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "account_id"],
        ["accounts.tenant_id", "accounts.id"],
        name=f"{table}_account_id_fkey",
    )
