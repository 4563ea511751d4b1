"""The customer, the audit line of a reveal, and what may be said of either."""

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from services.customers.tables import CustomersTable
from services.kit.database import PartnerRow
from services.kit.errors import InvalidArgument
from services.kit.texts import check_text

TAGS_MAX: Final = 20
TAG_LENGTH_MAX: Final = 64
EXTERNAL_ID_LENGTH_MAX: Final = 128
# Billing cycles are months of the site's zone (domain.md 1).
SITE_ZONE: Final = timezone(timedelta(hours=8))

_CYCLE: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_NOT_PUSHED: Final = text("link_pushed_version < link_version")


class Customer(PartnerRow, CustomersTable):
    __tablename__ = "customers"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "partner_id"], ["partners.tenant_id", "partners.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "partner_id", "account_manager_id"],
            ["account_managers.tenant_id", "account_managers.partner_id", "account_managers.id"],
            name="customers_account_manager_fkey",
        ),
        UniqueConstraint("tenant_id", "external_platform", "external_id"),
        # One index for each sort key, for both directions, within the partner whose list it is.
        Index("customers_associate_time_idx", "tenant_id", "partner_id", "associate_time", "id"),
        Index("customers_name_idx", "tenant_id", "partner_id", "name", "id"),
        Index("customers_spend_idx", "tenant_id", "partner_id", "month_to_date_spend", "id"),
        Index("customers_expire_time_idx", "tenant_id", "partner_id", "nearest_expire_time", "id"),
        Index("customers_manager_idx", "tenant_id", "account_manager_id", "associate_time", "id"),
        # What the jobs look for, over all tenants.
        Index("customers_link_due_idx", "tenant_id", "link_due_time", postgresql_where=_NOT_PUSHED),
        Index(
            "customers_spend_cycle_idx",
            "spend_cycle",
            postgresql_where=text("month_to_date_spend <> 0"),
        ),
        CheckConstraint("customer_type IN ('PERSON', 'ENTERPRISE')", name="customer_type"),
        CheckConstraint(
            "verification_status IN ('UNVERIFIED', 'IN_REVIEW', 'FAILED', 'VERIFIED')",
            name="verification_status",
        ),
        CheckConstraint("association_type IN ('ADVISORY', 'RESALE')", name="association_type"),
        CheckConstraint(
            "freeze_state IN ('NONE', 'ACCOUNT', 'ACCOUNT_AND_RESOURCES')", name="freeze_state"
        ),
        CheckConstraint("level IN ('V0', 'V1', 'V2', 'V3', 'V4', 'V5')", name="level"),
        CheckConstraint(
            "new_customer_value IN ('YES', 'NO', 'UNDETERMINED')", name="new_customer_value"
        ),
        CheckConstraint(
            "enterprise_role IN ('NONE', 'MASTER', 'MEMBER_MANAGED', 'MEMBER_INDEPENDENT')",
            name="enterprise_role",
        ),
        CheckConstraint(f"cardinality(tags) <= {TAGS_MAX}", name="tags"),
        CheckConstraint("currency_code ~ '^[A-Z]{3}$'", name="currency_code"),
        CheckConstraint(r"spend_cycle ~ '^\d{4}-\d{2}$'", name="spend_cycle"),
        CheckConstraint("link_pushed_version <= link_version", name="link_version"),
    )

    account_name: Mapped[str]
    name: Mapped[str | None]
    customer_type: Mapped[str | None]
    verification_status: Mapped[str | None]
    association_type: Mapped[str]
    associate_time: Mapped[datetime]
    account_manager_id: Mapped[UUID | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text()), server_default=text("'{}'"))
    email: Mapped[str | None]
    mobile: Mapped[str | None]
    country_code: Mapped[str | None]
    freeze_state: Mapped[str] = mapped_column(server_default=text("'NONE'"))
    level: Mapped[str | None]
    new_customer_value: Mapped[str | None]
    new_customer_effective_cycle: Mapped[str | None]
    new_customer_expire_cycle: Mapped[str | None]
    external_id: Mapped[str | None]
    external_platform: Mapped[str | None]
    currency_code: Mapped[str]
    month_to_date_spend: Mapped[Decimal] = mapped_column(server_default=text("0"))
    # The billing cycle of that spend.
    spend_cycle: Mapped[str | None]
    nearest_expire_time: Mapped[datetime | None]
    enterprise_role: Mapped[str | None]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
    # Billing's copy of the link is as new as link_pushed_version; a trigger raises link_version.
    link_version: Mapped[int] = mapped_column(server_default=text("1"))
    link_pushed_version: Mapped[int] = mapped_column(server_default=text("0"))
    link_attempts: Mapped[int] = mapped_column(server_default=text("0"))
    link_due_time: Mapped[datetime] = mapped_column(server_default=func.now())
    link_error: Mapped[str | None]

    def put_tags(self, tags: list[str], *, field: str) -> None:
        """Replace the partner's labels.

        :raises InvalidArgument: where there are too many, or one is blank or too long.
        """
        self.tags = check_tags(tags, field=field)


class CustomerReveal(PartnerRow, CustomersTable):
    """The audit line of one customer's personal data being shown; never changed."""

    __tablename__ = "customer_reveals"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        Index("customer_reveals_customer_idx", "tenant_id", "customer_id", "reveal_time"),
        CheckConstraint("reason <> ''", name="reason"),
    )

    customer_id: Mapped[UUID]
    subject: Mapped[str]
    role: Mapped[str]
    # The workload that vouched for the person.
    actor: Mapped[str]
    reason: Mapped[str]
    request_id: Mapped[str]
    reveal_time: Mapped[datetime]


def new_customer_value_at(
    now: datetime, *, value: str | None, verification_status: str | None, expire_cycle: str | None
) -> str | None:
    """Say whether a customer counts as new: known of verified ones, and for some months."""
    if value is None or verification_status != "VERIFIED":
        return None
    return "NO" if expire_cycle is not None and expire_cycle < cycle_of(now) else value


def check_tags(tags: list[str], *, field: str) -> list[str]:
    """Accept a customer's labels, each once.

    :raises InvalidArgument: where there are too many, or one is blank or too long.
    """
    if len(tags) > TAGS_MAX:
        raise InvalidArgument(f"must have at most {TAGS_MAX} tags", field=field)
    return list(
        dict.fromkeys(
            check_text(tag, field=f"{field}[{index}]", at_most=TAG_LENGTH_MAX)
            for index, tag in enumerate(tags)
        )
    )


def check_cycle(cycle: str, *, field: str) -> str:
    """Accept a billing cycle.

    :raises InvalidArgument: where it is no month.
    """
    if _CYCLE.fullmatch(cycle) is None:
        raise InvalidArgument("must be a month like 2024-09", field=field)
    return cycle


def cycle_of(time: datetime) -> str:
    """Give the billing cycle that a time falls into."""
    return time.astimezone(SITE_ZONE).strftime("%Y-%m")
