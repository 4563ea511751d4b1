"""What belongs to whom in a world of tests: ids by kind, and the canary in every text."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from services.kit import ids
from services.kit.identity import Principal
from tests.builders import principals

NAMES = ("first-manager", "second-manager", "first-reseller", "second-reseller", "everybody")


@dataclass
class Holding:
    """What belongs to one customer and those above it, by the prefixes of ids."""

    name: str
    tenant_id: UUID
    canary: str = field(default_factory=lambda: f"CANARY{uuid4().hex}")
    things: dict[str, str] = field(default_factory=dict)

    def id(self, prefix: str) -> UUID:
        return ids.from_text(prefix, self.things[prefix], field=prefix)


@dataclass
class Tenant:
    """A distributor: two customers with an account manager each, two resellers with one each."""

    id: UUID
    of_first_manager: Holding
    of_second_manager: Holding
    of_first_reseller: Holding
    of_second_reseller: Holding
    # What everybody in the tenant may see: the catalogue of programs.
    of_everybody: Holding

    @property
    def holdings(self) -> list[Holding]:
        return [
            self.of_first_manager,
            self.of_second_manager,
            self.of_first_reseller,
            self.of_second_reseller,
        ]

    @property
    def operator(self) -> Principal:
        return principals.an_operator(self.id)

    @property
    def administrator(self) -> Principal:
        return principals.an_administrator(self.id)
