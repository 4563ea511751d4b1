"""Adds withdrawals, their flows, who is paid, and the bank accounts that are paid to."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from services.kit.migrations import grant, protect

revision = "0012"
down_revision = "0011"

_STATES = (
    "'SUBMITTED', 'UNDER_REVIEW', 'APPROVED', 'PAYING', 'COMPLETED', 'PARTIALLY_COMPLETED',"
    " 'FAILED', 'REJECTED', 'CANCELLED'"
)
_OPEN = "state IN ('SUBMITTED', 'UNDER_REVIEW', 'APPROVED', 'PAYING')"
_KINDS = "'ORIGINAL_ROUTE', 'BANK_CARD', 'INCENTIVE_REBATE'"


def upgrade() -> None:
    _create_payees()
    _create_bank_accounts()
    _create_withdrawals()
    _create_flows()
    # How much incentive money came into an account.
    op.create_index(
        "transfers_rebate_idx",
        "transfers",
        ["tenant_id", "credit_account_id"],
        postgresql_where=text("code = 63"),
    )


def _create_payees() -> None:
    op.create_table(
        "payees",
        *_uuids("tenant_id", "partner_id"),
        Column("verified_name", Text(), nullable=False),
        Column("is_business_verified", Boolean(), nullable=False),
        Column("remittance_branch", Text(), nullable=True),
        _time("update_time"),
        PrimaryKeyConstraint("tenant_id", "partner_id", name="payees_pkey"),
    )
    protect("payees", partner=True)
    changes = "verified_name, is_business_verified, remittance_branch, update_time"
    grant("payees", "SELECT", "INSERT", f"UPDATE ({changes})")


def _create_bank_accounts() -> None:
    op.create_table(
        "bank_accounts",
        *_uuids("tenant_id", "id", "partner_id"),
        Column("bank_name", Text(), nullable=False),
        Column("branch", Text(), nullable=True),
        Column("account_name", Text(), nullable=False),
        Column("number_sealed", LargeBinary(), nullable=False),
        Column("number_index", LargeBinary(), nullable=False),
        Column("last_four", Text(), nullable=False),
        _time("create_time"),
        PrimaryKeyConstraint("tenant_id", "id", name="bank_accounts_pkey"),
        UniqueConstraint(
            "tenant_id", "partner_id", "number_index", name="bank_accounts_number_index_key"
        ),
    )
    protect("bank_accounts", partner=True)
    grant("bank_accounts", "SELECT", "INSERT", "UPDATE (bank_name, branch, account_name)")


def _create_withdrawals() -> None:
    op.create_table(
        "withdrawals",
        *_uuids("tenant_id", "id", "partner_id"),
        Column("kind", Text(), nullable=False),
        *_uuids("account_id"),
        Column("currency_code", Text(), nullable=False),
        Column("amount", BigInteger(), nullable=False),
        Column("paid_amount", BigInteger(), nullable=False, server_default=text("0")),
        Column("state", Text(), nullable=False),
        Column("bank_account_id", Uuid(), nullable=True),
        Column("applicant", Text(), nullable=False),
        _time("apply_time"),
        Column("expect_date", Date(), nullable=False),
        Column("reviewer", Text(), nullable=True),
        _time("review_time", nullable=True),
        Column("reject_reason", Text(), nullable=True),
        _time("finish_time", nullable=True),
        _time("delete_time", nullable=True),
        PrimaryKeyConstraint("tenant_id", "id", name="withdrawals_pkey"),
        _reference("withdrawals", "account_id", "accounts"),
        _reference("withdrawals", "bank_account_id", "bank_accounts"),
        *_checks(
            "withdrawals",
            partner_id="partner_id = tenant_id",
            kind=f"kind IN ({_KINDS})",
            state=f"state IN ({_STATES})",
            amount="amount > 0",
            paid_amount="paid_amount BETWEEN 0 AND amount",
            bank_account_id="(kind = 'ORIGINAL_ROUTE') = (bank_account_id IS NULL)",
            reviewer="reviewer <> applicant",
            reject_reason="(state = 'REJECTED') = (reject_reason IS NOT NULL)",
            delete_time="delete_time IS NULL OR state = 'REJECTED'",
        ),
    )
    op.create_index(
        "withdrawals_open_key",
        "withdrawals",
        ["tenant_id", "partner_id", "kind"],
        unique=True,
        postgresql_where=text(_OPEN),
    )
    op.create_index("withdrawals_apply_time_idx", "withdrawals", ["tenant_id", "apply_time", "id"])
    protect("withdrawals", partner=True)
    changes = "state, paid_amount, reviewer, review_time, reject_reason, finish_time, delete_time"
    grant("withdrawals", "SELECT", "INSERT", f"UPDATE ({changes})")


def _create_flows() -> None:
    op.create_table(
        "withdrawal_flows",
        *_uuids("tenant_id", "id", "partner_id", "withdrawal_id"),
        Column("number", SmallInteger(), nullable=False),
        Column("top_up_id", Uuid(), nullable=True),
        Column("channel", Text(), nullable=True),
        Column("amount", BigInteger(), nullable=False),
        Column("state", Text(), nullable=False),
        *_uuids("transaction_id"),
        Column("failure_reason", Text(), nullable=True),
        _time("finish_time", nullable=True),
        _time("next_attempt_time", nullable=True),
        Column("attempts", SmallInteger(), nullable=False, server_default=text("0")),
        Column("last_error", Text(), nullable=True),
        PrimaryKeyConstraint("tenant_id", "id", name="withdrawal_flows_pkey"),
        UniqueConstraint("tenant_id", "transaction_id", name="withdrawal_flows_transaction_id_key"),
        _reference("withdrawal_flows", "withdrawal_id", "withdrawals"),
        _reference("withdrawal_flows", "top_up_id", "top_ups"),
        *_checks(
            "withdrawal_flows",
            state="state IN ('HELD', 'PAYING', 'PAID', 'FAILED', 'RELEASED')",
            amount="amount > 0",
            channel="(top_up_id IS NULL) = (channel IS NULL)",
            finish_time="(state IN ('HELD', 'PAYING')) = (finish_time IS NULL)",
            failure_reason="(state = 'FAILED') = (failure_reason IS NOT NULL)",
        ),
    )
    op.create_index(
        "withdrawal_flows_unfinished_key",
        "withdrawal_flows",
        ["tenant_id", "top_up_id"],
        unique=True,
        postgresql_where=text("state IN ('HELD', 'PAYING')"),
    )
    op.create_index(
        "withdrawal_flows_withdrawal_id_idx",
        "withdrawal_flows",
        ["tenant_id", "withdrawal_id", "number"],
    )
    op.create_index(
        "withdrawal_flows_due_idx",
        "withdrawal_flows",
        ["next_attempt_time"],
        postgresql_where=text("next_attempt_time IS NOT NULL"),
    )
    protect("withdrawal_flows", partner=True)
    changes = "state, failure_reason, finish_time, next_attempt_time, attempts, last_error"
    grant("withdrawal_flows", "SELECT", "INSERT", f"UPDATE ({changes})")


def _uuids(*names: str) -> list[Column[object]]:
    return [Column(name, Uuid(), nullable=False) for name in names]


def _time(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _checks(table: str, **rules: str) -> list[CheckConstraint]:
    return [CheckConstraint(rule, name=f"{table}_{name}_check") for name, rule in rules.items()]


def _reference(table: str, name: str, target: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", name], [f"{target}.tenant_id", f"{target}.id"], name=f"{table}_{name}_fkey"
    )
