"""What stands before the first table: scope functions, rights, and the table of replies."""

from services.kit.migrations import install_replies, install_scope

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    install_scope()
    install_replies()
