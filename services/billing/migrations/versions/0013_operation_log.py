"""Adds the operation log and its seals, which the ledger's history gets as well."""

from services.kit.log_migration import install_operation_log, make_sealable

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    install_operation_log()
    for table in ("accounts", "transfers", "entries"):
        make_sealable(table)
