"""Adds the operation log and its seals."""

from services.kit.log_migration import install_operation_log

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    install_operation_log()
