"""Lets every page of sums begin in the index where the one before it ended."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # All in one direction, behind whose sums they are: a place in the list is a place in here.
    op.create_index(
        "consumption_sums_partner_idx",
        "consumption_sums",
        [
            "tenant_id",
            "partner_id",
            "billing_cycle",
            "customer_id",
            "service_type_code",
            "charging_mode",
            "bill_type",
            "currency_code",
        ],
    )
    op.drop_index("consumption_sums_list_idx")
