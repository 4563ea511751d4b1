"""Which tokens are good, whom they stand for, and which are not, however they are forged."""

import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import ECKey

from gateway.http.errors import Refused
from gateway.http.keys import KeyDirectory
from gateway.http.tokens import TokenReader
from services.kit import ids
from services.kit.identity import Principal, Role
from tests.gateway.http.small_gateway import AUDIENCE, ISSUER, TENANT_ID, Issuer

MANAGER_ID = UUID("018f0000-0000-7000-8000-00000000000a")
MANAGER = ids.to_text("mgr", MANAGER_ID)
CUSTOMER_ID = UUID("018f0000-0000-7000-8000-00000000000b")
CUSTOMER = ids.to_text("cus", CUSTOMER_ID)


@pytest.fixture
def reader(issuer: Issuer) -> TokenReader:
    return TokenReader(KeyDirectory(str(issuer.jwks)), issuer=ISSUER, audience=AUDIENCE)


async def refusal(reader: TokenReader, token: str) -> Refused:
    with pytest.raises(Refused) as refused:
        await reader.read(token)
    assert refused.value.code == "UNAUTHENTICATED"
    return refused.value


async def test_a_token_becomes_a_principal(reader: TokenReader, issuer: Issuer) -> None:
    identity = await reader.read(issuer.token(sub="ada", role="FINANCE"))

    assert identity.principal == Principal(
        subject="ada",
        role=Role.FINANCE,
        tenant_id=TENANT_ID,
        partner_id=TENANT_ID,
        actor="gateway",
    )


async def test_roles_bring_their_limits(reader: TokenReader, issuer: Issuer) -> None:
    manager = await reader.read(issuer.token(role="ACCOUNT_MANAGER", account_manager_ids=[MANAGER]))
    customer = await reader.read(issuer.token(role="CUSTOMER", customer_id=CUSTOMER))
    operator = await reader.read(issuer.token(role="OPERATOR", tenant_id=None, partner_id=None))
    director = await reader.read(issuer.token(role="DIRECTOR"))

    assert manager.principal.account_manager_ids == (MANAGER_ID,)
    assert customer.principal.customer_id == CUSTOMER_ID
    assert operator.principal.tenant_id is None
    assert director.principal.scope.account_manager_ids == ()


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example.test"},
        {"iss": None},
        {"aud": "billing"},
        {"aud": ["billing", "customers"]},
        {"aud": None},
        {"exp": timedelta(seconds=-31)},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": timedelta(seconds=90)},
        {"iat": None},
        {"nbf": timedelta(seconds=90)},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"role": "SYSTEM"},
        {"role": "EMPEROR"},
        {"role": None},
        {"tenant_id": None},
        {"partner_id": None},
        {"tenant_id": CUSTOMER},
        {"tenant_id": "ptr_nonsense"},
        {"tenant_id": 7},
        {"role": "OPERATOR"},
        {"role": "ACCOUNT_MANAGER"},
        {"role": "ACCOUNT_MANAGER", "account_manager_ids": MANAGER},
        {"role": "ACCOUNT_MANAGER", "account_manager_ids": [MANAGER] * 2},
        {"role": "DIRECTOR", "account_manager_ids": [MANAGER] * 501},
        {"role": "DIRECTOR", "account_manager_ids": [7]},
        {"role": "CUSTOMER"},
    ],
)
async def test_wrong_claims_are_refused(
    reader: TokenReader, issuer: Issuer, claims: dict[str, Any]
) -> None:
    await refusal(reader, issuer.token(**claims))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["billing", AUDIENCE]},
        {"exp": timedelta(seconds=-20)},
        {"iat": timedelta(seconds=20)},
        {"nbf": None},
    ],
)
async def test_leeway_and_lists_are_granted(
    reader: TokenReader, issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert (await reader.read(issuer.token(**claims))).principal.subject == "admin"


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "internal+jwt"},
        {"kid": "unknown"},
        {"kid": "../../etc/passwd"},
        {"kid": 7},
        {"crit": ["x"], "x": 1},
    ],
)
async def test_wrong_headers_are_refused(
    reader: TokenReader, issuer: Issuer, header: dict[str, Any]
) -> None:
    parts = issuer.token().split(".")
    complete = {"alg": "ES256", "typ": "at+jwt", "kid": "first"} | header

    await refusal(reader, ".".join([encoded(complete), *parts[1:]]))


async def test_keys_that_a_token_brings_are_not_looked_at(
    reader: TokenReader, issuer: Issuer
) -> None:
    own = ECKey.generate_key("P-256", {"kid": "first"})
    brought = {"jwk": own.as_dict(private=False), "jku": "http://127.0.0.1:1/", "x5u": "http://x"}

    await refusal(reader, issuer.token(key=own, header=brought))
    await reader.read(issuer.token(header=brought))


async def test_forged_algorithms_are_refused(reader: TokenReader, issuer: Issuer) -> None:
    payload = issuer.token().split(".")[1]
    none = ".".join([encoded({"alg": "none", "typ": "at+jwt", "kid": "first"}), payload, ""])
    head = encoded({"alg": "HS256", "typ": "at+jwt", "kid": "first"})
    mac = hmac.digest(issuer.jwks.read_bytes(), f"{head}.{payload}".encode(), "sha256")
    symmetric = f"{head}.{payload}." + base64.urlsafe_b64encode(mac).decode().rstrip("=")

    await refusal(reader, none)
    await refusal(reader, symmetric)


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "....", "é.é.é", "x" * 9_000])
async def test_what_is_no_token_is_refused(reader: TokenReader, token: str) -> None:
    await refusal(reader, token)


async def test_a_changed_payload_is_refused(reader: TokenReader, issuer: Issuer) -> None:
    head, payload, signature = issuer.token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = encoded(claims | {"role": "FINANCE"})

    await refusal(reader, f"{head}.{changed}.{signature}")


async def test_a_remembered_token_still_expires(issuer: Issuer) -> None:
    now = time.time()
    clock = [now]
    reader = TokenReader(
        KeyDirectory(str(issuer.jwks)), issuer=ISSUER, audience=AUDIENCE, clock=lambda: clock[0]
    )
    token = issuer.token(exp=int(now) + 10)
    first = await reader.read(token)

    again = await reader.read(token)
    clock[0] = now + 45

    assert again is first
    await refusal(reader, token)


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
