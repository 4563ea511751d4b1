"""The demo's identity provider: user tokens for the gateway, and internal ones for `buf curl`."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey

from partner_center.keys import DEMO_WORKLOAD, Keys
from services.kit.identity import Principal, Role, TokenSigner
from services.kit.ids import from_text

NAMES = (
    "admin",
    "finance",
    "director",
    "manager",
    "distributor",
    "reseller",
    "customer",
    "operator",
)
ISSUER = "partner-center-demo"
AUDIENCE = "partner-center"
# Ten minutes would be right (reliability.md 4.1); a demo has nobody to refresh a token.
LIFETIME = timedelta(hours=12)
PREFIXES = {"tenant_id": "ptr", "partner_id": "ptr", "customer_id": "cus"}


class NoDemo(Exception):
    """There is no demo identity to speak for; the message says how to get one."""


def user_token(name: str, *, data_dir: Path, now: datetime) -> str:
    """Sign the token that this demo user would have got from an identity provider.

    :raises NoDemo: where no demo has been loaded, or it does not know the name
    """
    claims = _identity(name, data_dir=data_dir) | {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "jti": uuid4().hex,
    }
    key = ECKey.import_key(json.loads(_issuer(data_dir).read_text()))
    header = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}
    return jws.serialize_compact(header, json.dumps(claims), key, ["ES256"])


def service_token(
    name: str, *, service: str, data_dir: Path, now: datetime, opens: str | None = None
) -> str:
    """Sign the token that the gateway would send to a service in the name of this demo user.

    An operator belongs to no tenant and may open one: that of the demo user `opens`.

    :raises NoDemo: where no demo has been loaded, or it does not know the name
    """
    claims = _identity(name, data_dir=data_dir)
    if opens is not None:
        claims["tenant_id"] = _identity(opens, data_dir=data_dir)["tenant_id"]
    ids = {
        field: from_text(prefix, claims[field], field=field)
        for field, prefix in PREFIXES.items()
        if claims.get(field)
    }
    principal = Principal(
        subject=claims["sub"],
        role=Role(claims["role"]),
        tenant_id=ids.get("tenant_id"),
        partner_id=ids.get("partner_id"),
        customer_id=ids.get("customer_id"),
        account_manager_ids=tuple(
            from_text("mgr", text, field="account_manager_ids")
            for text in claims.get("account_manager_ids", [])
        ),
        actor=DEMO_WORKLOAD,
    )
    key = Keys(data_dir / "keys").signing_key(DEMO_WORKLOAD)
    return TokenSigner.from_file(key, workload=DEMO_WORKLOAD).mint(principal, service, now=now)


def _identity(name: str, *, data_dir: Path) -> dict[str, Any]:
    _issuer(data_dir)
    path = data_dir / "demo.json"
    if not path.exists():
        raise NoDemo(f"{path} is missing: `make run` loads the demo on its first start")
    identities: dict[str, dict[str, Any]] = json.loads(path.read_text())["identities"]
    if name not in identities:
        raise NoDemo(f"the demo knows {', '.join(identities)}; not {name!r}")
    return {"sub": name, **identities[name]}


def _issuer(data_dir: Path) -> Path:
    path = Keys(data_dir / "keys").issuer
    if not path.exists():
        raise NoDemo(f"{path} is missing: only the demo of `make run` has an identity provider")
    return path
