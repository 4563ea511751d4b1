"""Turns a user's bearer token into the principal it stands for."""

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from joserfc import jws
from joserfc.errors import JoseError

from gateway.http.errors import Refused
from gateway.http.keys import KeyDirectory
from services.kit import ids
from services.kit.errors import InvalidArgument
from services.kit.identity import Principal, Role

# Fixed here and never taken from a token.
ALGORITHMS = ["ES256"]
TYPES = frozenset({"at+jwt", "application/at+jwt"})
LEEWAY_SECONDS = 30
TOKEN_LENGTH_MAX = 8192
TEAM_MAX = 500
# Verifying costs some 60 µs, and a page sends the same token many times.
REMEMBERED_MAX = 4096
REMEMBERED_SECONDS = 60


@dataclass(frozen=True)
class Identity:
    """A verified token: who it is for and until when."""

    principal: Principal
    expires_at: float
    remembered_until: float


class TokenReader:
    """Verifies access tokens of one issuer for one audience."""

    def __init__(
        self,
        keys: KeyDirectory,
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
        self.clock = clock
        self._known: OrderedDict[bytes, Identity] = OrderedDict()

    async def read(self, token: str) -> Identity:
        """Verify a token.

        :raises Refused: UNAUTHENTICATED; the text never says which check failed on what.
        """
        if len(token) > TOKEN_LENGTH_MAX:
            raise unauthenticated("The token is malformed.")
        now = self.clock()
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and now < known.remembered_until:
            return known
        claims = await self._verify(token)
        expires_at = self._check(claims, now=now)
        identity = Identity(
            principal=_principal(claims),
            expires_at=expires_at,
            remembered_until=min(expires_at, now + REMEMBERED_SECONDS),
        )
        self._known[digest] = identity
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return identity

    async def _verify(self, token: str) -> Mapping[str, Any]:
        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError, TypeError):
            raise unauthenticated("The token is malformed.") from None
        # What jku, x5u and jwk would point to is never looked at; crit must be understood.
        if (
            header.get("alg") not in ALGORITHMS
            or str(header.get("typ", "")).lower() not in TYPES
            or "crit" in header
            or not isinstance(header.get("kid"), str)
        ):
            raise unauthenticated("The token is of the wrong kind.")
        key = await self.keys.find(header["kid"])
        if key is None:
            raise unauthenticated("The token is signed by nobody known here.")
        try:
            claims = json.loads(jws.deserialize_compact(token, key, ALGORITHMS).payload)
        except (JoseError, ValueError):
            claims = None
        if not isinstance(claims, dict):
            raise unauthenticated("The token's signature does not hold.")
        return claims

    def _check(self, claims: Mapping[str, Any], *, now: float) -> float:
        """Check issuer, audience and times; give the moment of expiry."""
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self.issuer or self.audience not in audiences:
            raise unauthenticated("The token is meant for somebody else.")
        expires_at = _moment(claims, "exp")
        if expires_at is None or now >= expires_at + LEEWAY_SECONDS:
            raise unauthenticated("The token has expired.")
        issued_at = _moment(claims, "iat")
        valid_from = _moment(claims, "nbf")
        if issued_at is None or max(issued_at, valid_from or issued_at) > now + LEEWAY_SECONDS:
            raise unauthenticated("The token is not valid yet.")
        return expires_at


def unauthenticated(message: str) -> Refused:
    return Refused(
        "UNAUTHENTICATED",
        message,
        headers={"WWW-Authenticate": 'Bearer realm="partner-center", error="invalid_token"'},
    )


def _principal(claims: Mapping[str, Any]) -> Principal:
    try:
        principal = Principal(
            subject=_subject(claims),
            role=Role(claims.get("role", "")),
            tenant_id=_id(claims, "tenant_id", prefix="ptr"),
            partner_id=_id(claims, "partner_id", prefix="ptr"),
            account_manager_ids=_managers(claims),
            customer_id=_id(claims, "customer_id", prefix="cus"),
            actor="gateway",
        )
    except (ValueError, TypeError, AttributeError, InvalidArgument):
        raise unauthenticated("The token does not say whom it is for.") from None
    _refuse_incomplete(principal)
    return principal


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise TypeError("sub")
    return subject


def _managers(claims: Mapping[str, Any]) -> tuple[UUID, ...]:
    managers = claims.get("account_manager_ids", [])
    if not isinstance(managers, list) or len(managers) > TEAM_MAX:
        raise TypeError("account_manager_ids")
    return tuple(ids.from_text("mgr", each, field="account_manager_ids") for each in managers)


def _refuse_incomplete(principal: Principal) -> None:
    """Refuse a token whose role needs more than it says: a missing limit must never be none."""
    role = principal.role
    belongs = principal.tenant_id is not None and principal.partner_id is not None
    if (
        # Nobody outside speaks as the system.
        role is Role.SYSTEM
        or (role is Role.OPERATOR and (principal.tenant_id or principal.partner_id))
        or (role is not Role.OPERATOR and not belongs)
        or (role is Role.ACCOUNT_MANAGER and len(principal.account_manager_ids) != 1)
        or (role is Role.CUSTOMER and principal.customer_id is None)
    ):
        raise unauthenticated("The token's claims do not fit its role.")


def _id(claims: Mapping[str, Any], name: str, *, prefix: str) -> UUID | None:
    text = claims.get(name)
    return None if text is None else ids.from_text(prefix, text, field=name)


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise unauthenticated("The token's times are malformed.")
    return float(value)
