"""The partner: what kinds there are, and the refusals about one."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.tables import CustomersTable
from services.kit.database import TenantRow
from services.kit.errors import InvalidArgument, Refusal

_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class PartnerKind(StrEnum):
    SOLUTION_PROVIDER = "SOLUTION_PROVIDER"
    DISTRIBUTOR = "DISTRIBUTOR"
    INDIRECT_PARTNER = "INDIRECT_PARTNER"


class PartnerState(StrEnum):
    INVITED = "INVITED"
    PENDING_DISTRIBUTOR_REVIEW = "PENDING_DISTRIBUTOR_REVIEW"
    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    LEFT = "LEFT"


class PartnerExists(Refusal):
    """The tenant is open already."""


class NotADistributor(Refusal):
    """Only a distributor has resellers."""


class IndirectPartnerForbidden(Refusal):
    """The named reseller is not the caller's; the same whether there is one or not."""

    code = "PERMISSION_DENIED"

    def __init__(self, *, field: str | None = None) -> None:
        super().__init__("the reseller is not one of the caller's", field=field)


class Partner(TenantRow, CustomersTable):
    __tablename__ = "partners"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "distributor_id"], ["partners.tenant_id", "partners.id"]
        ),
        # The manager of a reseller is the distributor's.
        ForeignKeyConstraint(
            ["tenant_id", "distributor_id", "account_manager_id"],
            ["account_managers.tenant_id", "account_managers.partner_id", "account_managers.id"],
            name="partners_account_manager_fkey",
            use_alter=True,
        ),
        UniqueConstraint("tenant_id", "account_name"),
        Index("partners_associate_time_idx", "tenant_id", "associate_time", "id"),
        Index("partners_name_idx", "tenant_id", "name", "id"),
        CheckConstraint(
            "(kind IN ('SOLUTION_PROVIDER', 'DISTRIBUTOR') AND id = tenant_id"
            " AND distributor_id IS NULL AND associate_time IS NULL)"
            " OR (kind = 'INDIRECT_PARTNER' AND id <> tenant_id"
            " AND distributor_id = tenant_id AND associate_time IS NOT NULL)",
            name="kind",
        ),
        CheckConstraint(
            "state IN ('INVITED', 'PENDING_DISTRIBUTOR_REVIEW', 'ACTIVE', 'FROZEN', 'LEFT')",
            name="state",
        ),
        CheckConstraint("currency_code ~ '^[A-Z]{3}$'", name="currency_code"),
        CheckConstraint("name <> '' AND account_name <> ''", name="names"),
    )

    # A partner owns itself, so that row level security reads alike in every table.
    partner_id: Mapped[UUID] = mapped_column(Computed("id", persisted=True))
    kind: Mapped[str]
    distributor_id: Mapped[UUID | None]
    name: Mapped[str]
    account_name: Mapped[str]
    mobile: Mapped[str | None]
    email: Mapped[str | None]
    associate_time: Mapped[datetime | None]
    account_manager_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default=text("'ACTIVE'"))
    currency_code: Mapped[str]
    create_time: Mapped[datetime] = mapped_column(server_default=func.now())

    def refuse_resellers_unless_distributor(self) -> None:
        """Let only a distributor have resellers.

        :raises NotADistributor: where it is none.
        """
        if self.kind != PartnerKind.DISTRIBUTOR:
            raise NotADistributor("only a distributor has resellers")


def check_root_kind(kind: str | None) -> str:
    """Accept the kind of a partner that opens a tenant.

    :raises InvalidArgument: for a reseller and for none.
    """
    if kind not in {PartnerKind.SOLUTION_PROVIDER, PartnerKind.DISTRIBUTOR}:
        raise InvalidArgument("must be SOLUTION_PROVIDER or DISTRIBUTOR", field="kind")
    return kind


def check_currency_code(code: str, *, field: str) -> str:
    """Accept the code of a currency.

    :raises InvalidArgument: where it is none of three capital letters.
    """
    if _CURRENCY.fullmatch(code) is None:
        raise InvalidArgument("must be an ISO 4217 code like CNY", field=field)
    return code
