"""What the processes of a benchmark agree on: keys, addresses, a caller, limits that do not cut."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from joserfc import jws
from joserfc.jwk import ECKey

from bench.parts.rows import an_id
from partner_center.keys import Keys, make_keys
from partner_center.postgres import HOST, free_port
from services.kit.config import SERVICES

ISSUER: Final = "https://login.example.test"
AUDIENCE: Final = "partner-center"
TOKEN_SECONDS: Final = 3_600
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
    issuer: ECKey
    addresses: Mapping[str, str]

    @classmethod
    def make(cls, folder: Path) -> Self:
        issuer = ECKey.generate_key("P-256", {"kid": "bench", "use": "sig"})
        public = {"keys": [issuer.as_dict(private=False)]}
        (folder / "oidc-jwks.json").write_text(json.dumps(public))
        return cls(
            folder=folder,
            keys=make_keys(folder / "keys"),
            issuer=issuer,
            addresses={service: f"{HOST}:{free_port()}" for service in SERVICES},
        )

    def environment(self) -> dict[str, str]:
        """Give what a gateway is told, as in production but for the limits."""
        addresses = {f"{name.upper()}_ADDRESS": value for name, value in self.addresses.items()}
        return {
            **addresses,
            **LIMITS,
            "ENVIRONMENT": "production",
            "OIDC_ISSUER": ISSUER,
            "OIDC_AUDIENCE": AUDIENCE,
            "OIDC_JWKS": str(self.folder / "oidc-jwks.json"),
            "GATEWAY_SIGNING_KEY": str(self.keys.signing_key("gateway")),
        }

    def token(self) -> str:
        """Sign an administrator's token."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "bench",
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "role": "ADMINISTRATOR",
            "tenant_id": an_id("ptr", 1),
            "partner_id": an_id("ptr", 1),
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": "bench"}
        return jws.serialize_compact(header, json.dumps(claims), self.issuer, ["ES256"])
