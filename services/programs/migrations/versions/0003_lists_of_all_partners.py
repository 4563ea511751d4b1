"""Lets the platform's people list all partners' applications and memberships in order."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXES = {
    "program_applications_all_submit_time_idx": ("program_applications", "submit_time"),
    "program_memberships_all_join_time_idx": ("program_memberships", "join_time"),
    "program_memberships_all_expire_time_idx": ("program_memberships", "expire_time"),
}


def upgrade() -> None:
    for name, (table, key) in INDEXES.items():
        op.create_index(name, table, ["tenant_id", key, "id"])
