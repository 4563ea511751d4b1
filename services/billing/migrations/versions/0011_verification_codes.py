"""Adds challenges that wait for a verification code, and each partner's switch."""

from alembic import op
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    Uuid,
    func,
    text,
)

from services.kit.migrations import grant, protect

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    _create_settings()
    _create_challenges()


def _create_settings() -> None:
    op.create_table(
        "verification_settings",
        Column("tenant_id", Uuid(), nullable=False),
        Column("partner_id", Uuid(), nullable=False),
        Column("is_enabled", Boolean(), nullable=False),
        Column("email", Text(), nullable=True),
        Column("mobile", Text(), nullable=True),
        Column("update_time", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("tenant_id", "partner_id", name="verification_settings_pkey"),
    )
    protect("verification_settings", partner=True)
    changes = "is_enabled, email, mobile, update_time"
    grant("verification_settings", "SELECT", "INSERT", f"UPDATE ({changes})")


def _create_challenges() -> None:
    op.create_table(
        "verification_challenges",
        *(Column(name, Uuid(), nullable=False) for name in ("tenant_id", "id", "partner_id")),
        *(
            Column(name, Text(), nullable=False)
            for name in ("subject", "operation", "channel", "recipient")
        ),
        Column("wrong_codes", SmallInteger(), nullable=False, server_default=text("0")),
        Column("expire_time", DateTime(timezone=True), nullable=False),
        Column("use_time", DateTime(timezone=True), nullable=True),
        Column("send_time", DateTime(timezone=True), nullable=True),
        Column("next_send_time", DateTime(timezone=True), nullable=False),
        Column("create_time", DateTime(timezone=True), nullable=False, server_default=func.now()),
        PrimaryKeyConstraint("tenant_id", "id", name="verification_challenges_pkey"),
        CheckConstraint(
            "channel IN ('EMAIL', 'SMS')", name="verification_challenges_channel_check"
        ),
        CheckConstraint(
            "wrong_codes BETWEEN 0 AND 5", name="verification_challenges_wrong_codes_check"
        ),
    )
    op.create_index(
        "verification_challenges_subject_idx",
        "verification_challenges",
        ["tenant_id", "subject", "create_time"],
    )
    op.create_index(
        "verification_challenges_due_idx",
        "verification_challenges",
        ["next_send_time"],
        postgresql_where=text("send_time IS NULL"),
    )
    protect("verification_challenges", partner=True)
    changes = "wrong_codes, use_time, send_time, next_send_time"
    grant("verification_challenges", "SELECT", "INSERT", f"UPDATE ({changes})")
