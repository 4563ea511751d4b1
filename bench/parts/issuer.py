"""An identity provider whose tokens the gateways of one benchmark accept."""

import json
import time
from pathlib import Path
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import ECKey

ISSUER: Final = "https://login.example.test"
AUDIENCE: Final = "partner-center"
TOKEN_SECONDS: Final = 3_600


class Issuer:
    """Signs users' tokens; what they are checked with lies in a file."""

    def __init__(self, folder: Path) -> None:
        self._key = ECKey.generate_key("P-256", {"kid": "bench", "use": "sig"})
        self._jwks = folder / "oidc-jwks.json"
        self._jwks.write_text(json.dumps({"keys": [self._key.as_dict(private=False)]}))

    def environment(self) -> dict[str, str]:
        """Give what a gateway is told of it."""
        return {"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": AUDIENCE, "OIDC_JWKS": str(self._jwks)}

    def token(self, **claims: Any) -> str:
        """Sign a token for a user with these claims."""
        now = int(time.time())
        complete = claims | {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "bench",
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": "bench"}
        return jws.serialize_compact(header, json.dumps(complete), self._key, ["ES256"])
