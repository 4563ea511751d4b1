"""Adds exports, their parts, and the note of who downloaded which."""

from services.kit.exports.migration import install_exports

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    install_exports()
