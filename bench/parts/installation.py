"""What the processes of a benchmark agree on: keys, addresses, a caller, limits that do not cut."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bench.parts.issuer import Issuer
from bench.parts.rows import an_id
from partner_center.keys import Keys, make_keys
from partner_center.postgres import HOST, free_port
from services.kit.config import SERVICES

# The limits are part of what is measured, but none of them may end a round.
LIMITS: Final = {
    "LIMIT_COST": "1000000",
    "LIMIT_COST_PER_MINUTE": "1000000000",
    "LIMIT_OPERATIONS_PER_PRINCIPAL": "200",
    "LIMIT_EXECUTION_SECONDS": "30",
}


@dataclass(frozen=True)
class Installation:
    """A gateway's surroundings, in a folder that is gone afterwards."""

    folder: Path
    keys: Keys
    issuer: Issuer
    addresses: Mapping[str, str]

    @classmethod
    def make(cls, folder: Path) -> Self:
        return cls(
            folder=folder,
            keys=make_keys(folder / "keys"),
            issuer=Issuer(folder),
            addresses={service: f"{HOST}:{free_port()}" for service in SERVICES},
        )

    def environment(self) -> dict[str, str]:
        """Give what a gateway is told, as in production but for the limits."""
        addresses = {f"{name.upper()}_ADDRESS": value for name, value in self.addresses.items()}
        return {
            **addresses,
            **LIMITS,
            **self.issuer.environment(),
            "ENVIRONMENT": "production",
            "GATEWAY_SIGNING_KEY": str(self.keys.signing_key("gateway")),
        }

    def token(self) -> str:
        """Sign an administrator's token."""
        partner = an_id("ptr", 1)
        return self.issuer.token(role="ADMINISTRATOR", tenant_id=partner, partner_id=partner)
