"""A gateway over the small schema with an identity provider of its own."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.app import create_app
from gateway.http.caller import Caller
from gateway.settings import Limits, Settings
from services.kit import ids
from services.kit.config import Environment
from tests.gateway.http.small_schema import schema

TENANT_ID = UUID("018f0000-0000-7000-8000-000000000001")
TENANT = ids.to_text("ptr", TENANT_ID)
OTHER_TENANT_ID = UUID("018f0000-0000-7000-8000-000000000002")
ISSUER = "https://login.example.test"
AUDIENCE = "partner-center"


class Issuer:
    """Signs tokens that the gateway accepts, and others."""

    def __init__(self, folder: Path) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})
        self.jwks = folder / "jwks.json"
        self.publish(self.key)

    def publish(self, *keys: ECKey) -> None:
        """Make these the keys that the gateway finds."""
        self.jwks.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))

    def token(
        self, *, key: ECKey | None = None, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """Sign a token of an administrator, with some claims replaced; None leaves one out.

        A timedelta says a time from now on: what a test's parameters say is as old as the run.
        """
        now = int(time.time())
        complete = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "admin",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "role": "ADMINISTRATOR",
            "tenant_id": TENANT,
            "partner_id": TENANT,
        } | claims
        given = {
            name: now + int(value.total_seconds()) if isinstance(value, timedelta) else value
            for name, value in complete.items()
            if value is not None
        }
        head = {"alg": "ES256", "typ": "at+jwt", "kid": "first"} | (header or {})
        return jws.serialize_compact(head, json.dumps(given), key or self.key, ["ES256"])

    def settings(self, *, limits: dict[str, int] | None = None, **given: Any) -> Settings:
        """Make the settings of a gateway that trusts this issuer."""
        settings = Settings(
            environment=Environment.TEST,
            oidc_issuer=ISSUER,
            oidc_audience=AUDIENCE,
            oidc_jwks=str(self.jwks),
            introspection=True,
            limits=replace(Limits(), **(limits or {})),
        )
        return replace(settings, **given)


def make_app(settings: Settings) -> web.Application:
    """Make a gateway over the small schema; resolvers find the caller in their context."""
    return create_app(settings, schema=schema, context_factory=_context_of, readiness=_all_serving)


def _context_of(caller: Caller) -> dict[str, Any]:
    return {"caller": caller}


async def _all_serving() -> dict[str, bool]:
    return {"customers": True, "billing": True}
