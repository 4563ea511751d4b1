"""Keys of all workloads, made anew for each run of the tests."""

import json
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any

from joserfc.jwk import ECKey

from services.kit.identity import TokenSigner, TokenVerifier

WORKLOADS = ("gateway", "demo", "customers", "billing", "incentives", "programs")


@dataclass(frozen=True)
class Keys:
    """Private and public keys, also as the files that the settings name."""

    folder: Path
    private: dict[str, dict[str, Any]]
    jwks: dict[str, Any]
    page_token_key: bytes
    billing_secret: bytes

    @property
    def signers(self) -> dict[str, TokenSigner]:
        return {name: TokenSigner(key, workload=name) for name, key in self.private.items()}

    def verifier(self, audience: str) -> TokenVerifier:
        return TokenVerifier(self.jwks, audience=audience)

    def environment(self) -> dict[str, str]:
        """Give the variables that name the files."""
        names = {
            f"{workload.upper()}_SIGNING_KEY": str(self.folder / f"{workload}.jwk")
            for workload in WORKLOADS
        }
        return names | {
            "INTERNAL_JWKS": str(self.folder / "internal.jwks"),
            "PAGE_TOKEN_KEY": str(self.folder / "page-token.key"),
            "BILLING_SECRET_KEY": str(self.folder / "billing-secret.key"),
        }


def make_keys(folder: Path) -> Keys:
    pairs = {workload: ECKey.generate_key("P-256") for workload in WORKLOADS}
    keys = Keys(
        folder=folder,
        private={name: dict(pair.as_dict(private=True)) for name, pair in pairs.items()},
        jwks={
            "keys": [
                dict(pair.as_dict(private=False)) | {"kid": name} for name, pair in pairs.items()
            ]
        },
        page_token_key=token_bytes(32).hex().encode(),
        billing_secret=token_bytes(32).hex().encode(),
    )
    for name, key in keys.private.items():
        (folder / f"{name}.jwk").write_text(json.dumps(key))
    (folder / "internal.jwks").write_text(json.dumps(keys.jwks))
    (folder / "page-token.key").write_bytes(keys.page_token_key)
    (folder / "billing-secret.key").write_bytes(keys.billing_secret)
    return keys
