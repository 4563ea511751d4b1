"""Adds contracts, their documents and their parties."""

from alembic import op
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.kit.migrations import grant, make_immutable, protect

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    _create_contract_parties()
    _create_contracts()
    _create_contract_documents()


def _create_contract_parties() -> None:
    op.create_table(
        "contract_parties",
        Column("tenant_id", Uuid(), nullable=False),
        Column("partner_id", Uuid(), nullable=False),
        Column("legal_name", Text(), nullable=True),
        Column("contracting_entity", Text(), nullable=True),
        Column("is_verified", Boolean(), nullable=False),
        _time("update_time"),
        PrimaryKeyConstraint("tenant_id", "partner_id", name="contract_parties_pkey"),
    )
    protect("contract_parties", partner=True)
    grant("contract_parties", "SELECT", "INSERT", "UPDATE")


def _create_contracts() -> None:
    op.create_table(
        "contracts",
        *(Column(name, Uuid(), nullable=False) for name in ("tenant_id", "id", "partner_id")),
        *(
            Column(name, Text(), nullable=False)
            for name in ("number", "kind", "name", "party_a", "party_b")
        ),
        Column("currency_code", Text(), nullable=True),
        Column("amount", Numeric(20, 2), nullable=True),
        Column("promised_payment_date", Date(), nullable=True),
        Column("payment_plan", JSONB(), nullable=False),
        Column("sign_date", Date(), nullable=True),
        _time("effective_time"),
        _time("expire_time"),
        _time("end_time"),
        Column("end_reason", Text(), nullable=True),
        Column("document_sha256", LargeBinary(), nullable=True),
        Column("creator", Text(), nullable=False),
        Column("create_time", DateTime(timezone=True), nullable=False, server_default=func.now()),
        PrimaryKeyConstraint("tenant_id", "id", name="contracts_pkey"),
        UniqueConstraint("tenant_id", "number", name="contracts_number_key"),
        CheckConstraint("kind IN ('ONLINE', 'OFFLINE')", name="contracts_kind_check"),
        CheckConstraint(
            "(kind = 'ONLINE') = (document_sha256 IS NOT NULL)"
            " AND (kind = 'ONLINE') = (promised_payment_date IS NOT NULL)"
            " AND (kind = 'OFFLINE') = (effective_time IS NOT NULL)",
            name="contracts_facts_check",
        ),
        CheckConstraint(
            "amount > 0 AND (amount IS NULL) = (currency_code IS NULL)",
            name="contracts_amount_check",
        ),
        CheckConstraint("effective_time < expire_time", name="contracts_validity_check"),
        CheckConstraint("(end_time IS NULL) = (end_reason IS NULL)", name="contracts_end_check"),
    )
    op.create_index(
        "contracts_create_time_idx",
        "contracts",
        ["tenant_id", "partner_id", "create_time", "id"],
    )
    protect("contracts", partner=True)
    grant("contracts", "SELECT", "INSERT", "UPDATE (end_time, end_reason)")


def _create_contract_documents() -> None:
    op.create_table(
        "contract_documents",
        *(
            Column(name, Uuid(), nullable=False)
            for name in ("tenant_id", "contract_id", "partner_id")
        ),
        Column("data", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("tenant_id", "contract_id", name="contract_documents_pkey"),
        ForeignKeyConstraint(
            ["tenant_id", "contract_id"],
            ["contracts.tenant_id", "contracts.id"],
            name="contract_documents_contract_id_fkey",
        ),
    )
    protect("contract_documents", partner=True)
    grant("contract_documents", "SELECT", "INSERT")
    make_immutable("contract_documents")


def _time(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=True)
