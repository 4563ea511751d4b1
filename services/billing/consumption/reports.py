"""What is imported, and what came of it."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Final
from uuid import UUID

from services.billing.consumption.focus import SkippedRow
from services.kit.money import Money

SKIPPED_SHOWN_MAX: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportHeader:
    """What is imported, for whom."""

    FILE_NAME_LENGTH_MAX: ClassVar = 255

    request_id: str
    file_name: str
    association_type: str | None
    indirect_partner_id: UUID | None


@dataclass(slots=True)
class ImportReport:
    """What came of an import."""

    row_count: int = 0
    new_count: int = 0
    known_count: int = 0
    skipped_count: int = 0
    skipped_rows: list[SkippedRow] = field(default_factory=list)
    created_customer_count: int = 0
    created_resource_count: int = 0
    new_payable: dict[str, Decimal] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def new_payable_amounts(self) -> list[Money]:
        return [Money(amount, code) for code, amount in sorted(self.new_payable.items())]

    def counts(self) -> dict[str, int]:
        names = ("row_count", "new_count", "known_count", "skipped_count")
        return {name: getattr(self, name) for name in names}
