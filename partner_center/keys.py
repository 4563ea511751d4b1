"""Makes the keys of one installation: the workloads', the page tokens' and the demo issuer's."""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from partner_center.databases import ROLES
from partner_center.postgres import write_secret
from services.kit.config import SERVICES

WORKLOADS = ("gateway", *SERVICES)
# Signs internal tokens by hand, for `buf curl`; never known to a production installation.
DEMO_WORKLOAD = "demo"


@dataclass(frozen=True)
class Keys:
    """Where the keys lie; every file is readable by its owner alone."""

    folder: Path

    @property
    def internal_jwks(self) -> Path:
        """Public keys that may sign internal tokens; the key id is the workload's name."""
        return self.folder / "internal-jwks.json"

    @property
    def page_token_key(self) -> Path:
        return self.folder / "page-token.key"

    @property
    def billing_secret(self) -> Path:
        """What billing derives its own keys from: of verification codes, of bank cards."""
        return self.folder / "billing-secret.key"

    @property
    def issuer(self) -> Path:
        """The private key of the demo identity provider."""
        return self.folder / "issuer.jwk"

    @property
    def oidc_jwks(self) -> Path:
        """What the gateway checks the demo's user tokens with."""
        return self.folder / "oidc-jwks.json"

    @property
    def demo_token(self) -> Path:
        """The administrator's token that the demo's query page starts with."""
        return self.folder / "demo-token"

    def signing_key(self, workload: str) -> Path:
        return self.folder / f"{workload}.jwk"

    def database_passwords(self) -> dict[str, str]:
        """Give the password of each database role."""
        passwords: dict[str, str] = json.loads(self._passwords.read_text())
        return passwords

    @property
    def _passwords(self) -> Path:
        return self.folder / "database-passwords.json"


def make_keys(folder: Path) -> Keys:
    """Make what is missing of a production installation's keys; keep the rest."""
    keys = _make_keys(folder, workloads=WORKLOADS)
    # A folder that once served a demo must not go on vouching for its by-hand key.
    for path in (keys.signing_key(DEMO_WORKLOAD), keys.issuer, keys.oidc_jwks, keys.demo_token):
        path.unlink(missing_ok=True)
    return keys


def make_demo_keys(folder: Path) -> Keys:
    """Make what is missing of a demo's keys, those of its identity provider among them."""
    keys = _make_keys(folder, workloads=(*WORKLOADS, DEMO_WORKLOAD))
    _make_private_key(keys.issuer, kid="demo-issuer")
    _write_public_keys(keys.oidc_jwks, [keys.issuer])
    return keys


def _make_keys(folder: Path, *, workloads: Sequence[str]) -> Keys:
    keys = Keys(folder.absolute())
    keys.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for workload in workloads:
        _make_private_key(keys.signing_key(workload), kid=workload)
    _write_public_keys(keys.internal_jwks, [keys.signing_key(workload) for workload in workloads])
    _write_once(keys.page_token_key, secrets.token_urlsafe(32))
    _write_once(keys.billing_secret, secrets.token_urlsafe(32))
    passwords = {role: secrets.token_urlsafe(24) for role in ROLES}
    _write_once(keys.folder / "database-passwords.json", json.dumps(passwords, indent=2))
    return keys


def _make_private_key(path: Path, *, kid: str) -> None:
    if path.exists():
        return
    key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})
    _write_once(path, json.dumps(key.as_dict(private=True)))


def _write_public_keys(path: Path, private: Sequence[Path]) -> None:
    keys: list[dict[str, Any]] = [
        dict(ECKey.import_key(json.loads(key.read_text())).as_dict(private=False))
        for key in private
    ]
    text = json.dumps({"keys": keys}, indent=2)
    if path.exists() and path.read_text() == text:
        return
    path.unlink(missing_ok=True)
    _write_once(path, text)


def _write_once(path: Path, text: str) -> None:
    """Write the file whole or not at all, unless it is there."""
    if path.exists():
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    write_secret(fresh, text)
    fresh.rename(path)
