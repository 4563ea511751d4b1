"""Who is let in, and which rows they see."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey

from services.kit.errors import PermissionDenied, Unauthenticated
from services.kit.identity import Principal, Role, Scope, TokenSigner, TokenVerifier
from services.kit.ids import new_id
from services.kit.rpc import utc_now
from tests.builders.frogs import Frog
from tests.builders.keys import Keys
from tests.builders.principals import (
    a_customers_user,
    a_director,
    a_system,
    a_tenant,
    an_account_manager,
    an_administrator,
    an_operator,
)

NOW = utc_now()


def everybody() -> list[Principal]:
    tenant = a_tenant()
    return [
        an_administrator(tenant),
        an_administrator(tenant, partner_id=new_id()),
        a_director(tenant, team=(new_id(), new_id())),
        a_customers_user(tenant, customer_id=new_id()),
        an_operator(None),
        a_system(tenant),
    ]


@pytest.mark.parametrize("principal", everybody(), ids=lambda one: one.role.value)
def test_a_principal_is_read_as_it_was_signed(keys: Keys, principal: Principal) -> None:
    token = keys.signers["gateway"].mint(principal, "billing", now=NOW)

    seen = keys.verifier("billing").verify(token, now=NOW)

    assert seen.to_claims() == principal.to_claims()
    assert seen.actor == "gateway"


def claims(**changes: Any) -> dict[str, Any]:
    seconds = int(NOW.timestamp())
    good = {
        "sub": "eve",
        "role": "ADMINISTRATOR",
        "tenant_id": str(new_id()),
        "aud": "billing",
        "act": "gateway",
        "iat": seconds,
        "exp": seconds + 60,
    }
    return {key: value for key, value in (good | changes).items() if value is not None}


def signed(keys: Keys, payload: dict[str, Any], **header: Any) -> str:
    """Sign like the gateway, with a header of one's own choice."""
    full = {"alg": "ES256", "kid": "gateway", "typ": "internal+jwt"} | header
    full = {key: value for key, value in full.items() if value is not None}
    key = ECKey.import_key(keys.private["gateway"])
    parts = [encode(json.dumps(part).encode()) for part in (full, payload)]
    signing = jws.serialize_compact({"alg": "ES256"}, b"x", key, ["ES256"])
    assert signing
    der = key.get_op_key("sign").sign  # the raw key, so that any header can be signed
    return ".".join([*parts, encode(raw_signature(der, ".".join(parts).encode()))])


def raw_signature(sign: Callable[..., bytes], message: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - only here
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    r, s = utils.decode_dss_signature(sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hs256_with_the_public_key(keys: Keys) -> str:
    header = {"alg": "HS256", "kid": "gateway", "typ": "internal+jwt"}
    signing = ".".join(encode(json.dumps(part).encode()) for part in (header, claims()))
    public = ECKey.import_key(keys.jwks["keys"][0]).raw_value
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{signing}.{encode(hmac.digest(pem, signing.encode(), hashlib.sha256))}"


def algorithm_none(_: Keys) -> str:
    header = {"alg": "none", "kid": "gateway", "typ": "internal+jwt"}
    return ".".join([*(encode(json.dumps(part).encode()) for part in (header, claims())), ""])


def a_key_of_ones_own(_: Keys) -> str:
    own = ECKey.generate_key("P-256")
    signer = TokenSigner(own.as_dict(private=True), workload="gateway")
    return signer.mint(an_administrator(a_tenant()), "billing", now=NOW)


FORGERIES: dict[str, Callable[[Keys], str]] = {
    "empty": lambda _: "",
    "no token": lambda _: "hello",
    "not ascii": lambda _: "ä.ö.ü",
    "two parts": lambda _: "e30.e30",
    "algorithm none": algorithm_none,
    "HS256 with the public key": hs256_with_the_public_key,
    "a key of one's own": a_key_of_ones_own,
    "other audience": lambda keys: signed(keys, claims(aud="customers")),
    "list of audiences": lambda keys: signed(keys, claims(aud=["billing"])),
    "no audience": lambda keys: signed(keys, claims(aud=None)),
    "expired": lambda keys: signed(keys, claims(iat=1, exp=61)),
    "expires now": lambda keys: signed(keys, claims(exp=int(NOW.timestamp()))),
    "no expiry": lambda keys: signed(keys, claims(exp=None)),
    "lives too long": lambda keys: signed(keys, claims(exp=int(NOW.timestamp()) + 3600)),
    "from the future": lambda keys: signed(
        keys, claims(iat=int(NOW.timestamp()) + 600, exp=int(NOW.timestamp()) + 660)
    ),
    "expiry is a text": lambda keys: signed(keys, claims(exp="9999999999")),
    "expiry is true": lambda keys: signed(keys, claims(exp=True)),
    "unknown crit": lambda keys: signed(keys, claims(), crit=["b64"], b64=False),
    "jwk header": lambda keys: signed(keys, claims(), jwk=keys.jwks["keys"][0]),
    "jku header": lambda keys: signed(keys, claims(), jku="https://example.org/keys"),
    "user's token": lambda keys: signed(keys, claims(), typ="at+jwt"),
    "no type": lambda keys: signed(keys, claims(), typ=None),
    "key id is a path": lambda keys: signed(keys, claims(), kid="../gateway"),
    "key id of another": lambda keys: signed(keys, claims(act="billing"), kid="billing"),
    "no key id": lambda keys: signed(keys, claims(), kid=None),
    "another actor": lambda keys: signed(keys, claims(act="demo")),
    "unknown role": lambda keys: signed(keys, claims(role="GOD")),
    "no role": lambda keys: signed(keys, claims(role=None)),
    "no subject": lambda keys: signed(keys, claims(sub=None)),
    "tenant is no id": lambda keys: signed(keys, claims(tenant_id="every")),
    "managers are a text": lambda keys: signed(keys, claims(account_manager_ids="abc")),
    "claims are a list": lambda keys: signed(keys, [1]),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_anything_else_is_refused_with_one_text(keys: Keys, forge: Callable[[Keys], str]) -> None:
    with pytest.raises(Unauthenticated) as caught:
        keys.verifier("billing").verify(forge(keys), now=NOW)

    assert caught.value.message == "the token is not valid here"


def test_the_forger_of_these_tests_can_sign(keys: Keys) -> None:
    assert keys.verifier("billing").verify(signed(keys, claims()), now=NOW).subject == "eve"


@pytest.mark.parametrize("workload", ["customers", "billing", "incentives", "programs"])
def test_a_service_speaks_only_for_itself(keys: Keys, workload: str) -> None:
    signer = keys.signers[workload]
    verifier = keys.verifier("billing")
    tenant = a_tenant()

    own = signer.mint(a_system(tenant, workload=workload), "billing", now=NOW)
    forged = signer.mint(an_administrator(tenant), "billing", now=NOW)

    assert verifier.verify(own, now=NOW).role is Role.SYSTEM
    with pytest.raises(Unauthenticated):
        verifier.verify(forged, now=NOW)


def test_a_token_known_from_before_expires_all_the_same(keys: Keys) -> None:
    verifier = keys.verifier("billing")
    token = keys.signers["gateway"].mint(an_administrator(a_tenant()), "billing", now=NOW)
    assert verifier.verify(token, now=NOW) is verifier.verify(token, now=NOW)

    with pytest.raises(Unauthenticated):
        verifier.verify(token, now=NOW + timedelta(seconds=61))


@pytest.mark.parametrize(
    "key",
    [
        ECKey.generate_key("P-384").as_dict(private=False) | {"kid": "gateway"},
        ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "gateway"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "gateway"},
    ],
    ids=["another curve", "a private key", "a shared secret"],
)
def test_only_public_keys_of_the_curve_are_known(key: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a public P-256 key"):
        TokenVerifier({"keys": [key]}, audience="billing")


def test_a_root_partner_sees_the_tenant_and_a_reseller_itself() -> None:
    tenant, reseller = a_tenant(), new_id()

    assert an_administrator(tenant).scope == Scope(tenant, None, tenant)
    assert an_administrator(tenant, partner_id=reseller).scope == Scope(tenant, reseller, reseller)


def test_managers_and_directors_are_limited_to_their_customers() -> None:
    tenant, manager, other = a_tenant(), new_id(), new_id()

    own = an_account_manager(tenant, account_manager_id=manager).scope
    team = a_director(tenant, team=(manager, other)).scope

    assert own.account_manager_ids == (manager,)
    assert team.account_manager_ids == (manager, other)


@pytest.mark.parametrize(
    "principal",
    [
        an_operator(None),
        Principal("x", Role.ADMINISTRATOR, tenant_id=new_id()),
        Principal("x", Role.CUSTOMER, tenant_id=new_id(), partner_id=new_id()),
    ],
    ids=["no tenant", "no partner", "no customer"],
)
def test_a_principal_that_belongs_nowhere_has_no_scope(principal: Principal) -> None:
    with pytest.raises(PermissionDenied):
        _ = principal.scope


def test_a_table_that_says_nothing_of_customers_shows_them_nothing() -> None:
    scope = a_customers_user(a_tenant(), customer_id=new_id()).scope

    clauses = [str(clause) for clause in scope.covers(Frog)]

    assert "frogs.tenant_id IS NULL" in clauses


def test_a_table_of_customers_must_say_who_manages_them() -> None:
    class Pet(Frog):
        customer_id = Frog.name

    scope = an_account_manager(a_tenant(), account_manager_id=new_id()).scope

    with pytest.raises(TypeError, match="Pet is about customers"):
        scope.covers(Pet)
    assert len(scope.covers(Pet, account_manager=Frog.name)) == 2
