"""${message.strip().capitalize()}."""

from alembic import op

from services.kit.migrations import grant, protect

revision = "${up_revision}"
down_revision = "${down_revision}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create tables; then protect(table) and grant(table, rights) each, or nobody may use it."""
    ${upgrades if upgrades else "pass"}
