"""Adds exports, their parts, and the note of who downloaded which."""

from services.kit.exports.migration import install_exports

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    install_exports()
