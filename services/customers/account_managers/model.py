"""The account manager, and the refusals about one."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.tables import CustomersTable
from services.kit.database import PartnerRow
from services.kit.errors import Refusal


class AccountManagerUnknown(Refusal):
    """The named account manager is not of the partner that owns the thing."""


class AccountNameTaken(Refusal):
    """The login name is somebody else's."""


class AccountManager(PartnerRow, CustomersTable):
    __tablename__ = "account_managers"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "partner_id"], ["partners.tenant_id", "partners.id"]),
        UniqueConstraint("tenant_id", "partner_id", "account_name"),
        # What rows that name a manager refer to: they name one of their own partner.
        UniqueConstraint("tenant_id", "partner_id", "id"),
        Index("account_managers_create_time_idx", "tenant_id", "create_time", "id"),
        Index("account_managers_name_idx", "tenant_id", "name", "id"),
        CheckConstraint("name <> '' AND account_name <> ''", name="names"),
    )

    account_name: Mapped[str]
    name: Mapped[str]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())
