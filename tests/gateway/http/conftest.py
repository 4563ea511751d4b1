"""A gateway over a small schema, and tokens that it accepts."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp.test_utils import TestClient, TestServer
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.app import create_app
from gateway.http.caller import Caller
from gateway.settings import Environment, Limits, Settings
from services.kit import ids
from tests.gateway.http.small_schema import schema

TENANT = ids.to_text("ptr", UUID("018f0000-0000-7000-8000-000000000001"))
ISSUER = "https://login.example.test"
AUDIENCE = "partner-center"

Client = TestClient[Any, Any]
OpenGateway = Callable[..., Awaitable[Client]]


@pytest.fixture(scope="session")
def issuer_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})


@pytest.fixture(scope="session")
def jwks(issuer_key: ECKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "jwks.json"
    path.write_text(json.dumps({"keys": [issuer_key.as_dict(private=False)]}))
    return path


@pytest.fixture(scope="session")
def make_token(issuer_key: ECKey) -> Callable[..., str]:
    """Sign a token of an administrator; keyword arguments replace claims, `header` header fields."""

    def make(
        *, header: dict[str, Any] | None = None, key: ECKey = issuer_key, **claims: Any
    ) -> str:
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
        given = {name: value for name, value in complete.items() if value is not None}
        head = {"alg": "ES256", "typ": "at+jwt", "kid": "first"} | (header or {})
        return jws.serialize_compact(head, json.dumps(given), key, ["ES256"])

    return make


@pytest.fixture
def settings(jwks: Path) -> Settings:
    return Settings(
        environment=Environment.TEST,
        oidc_issuer=ISSUER,
        oidc_audience=AUDIENCE,
        oidc_jwks=str(jwks),
        introspection=True,
    )


@pytest.fixture
async def open_gateway(
    settings: Settings, make_token: Callable[..., str]
) -> AsyncIterator[OpenGateway]:
    """Start a gateway; `limits` and settings are given by name, the client sends a token."""
    async with AsyncExitStack() as stack:

        async def open_(
            *, limits: dict[str, int] | None = None, token: str | None = None, **given: Any
        ) -> Client:
            app = create_app(
                replace(settings, limits=replace(Limits(), **(limits or {})), **given),
                schema=schema,
                context_factory=context_of,
                readiness=all_serving,
            )
            bearer = make_token() if token is None else token
            headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
            client = TestClient(TestServer(app), headers=headers)
            return await stack.enter_async_context(client)

        yield open_


@pytest.fixture
async def gateway(open_gateway: OpenGateway) -> Client:
    return await open_gateway()


def context_of(caller: Caller) -> dict[str, Any]:
    return {"caller": caller}


async def all_serving() -> dict[str, bool]:
    return {"customers": True, "billing": True}
