"""Adds exports, their parts, who downloaded which, and when consumption came in."""

from alembic import op
from sqlalchemy import Column, DateTime, func

from services.kit.exports.migration import install_exports

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    install_exports()
    # What is there already came before every export that will be asked for.
    op.add_column(
        "consumption_details",
        Column("ingest_time", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )
