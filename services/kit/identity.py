"""Who is asking: the principal, what rows it may see, and the short token that says so."""

import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self
from uuid import UUID, uuid4

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from services.kit.errors import PermissionDenied, Unauthenticated

ALGORITHM: Final = "ES256"
TOKEN_TYPE: Final = "internal+jwt"  # noqa: S105 - a media type, not a secret
TOKEN_LIFE: Final = timedelta(seconds=60)
# Signed by hand on the command line, then typed into `buf curl`; no production knows the key.
DEMO_TOKEN_LIFE: Final = timedelta(minutes=10)
LEEWAY: Final = timedelta(seconds=5)
# Workloads that speak for people; every other one speaks only for itself.
FRONT_WORKLOADS: Final = frozenset({"gateway", "demo"})
VERIFIED_TOKENS_MAX: Final = 4096
MANAGED_MAX: Final = 500


class Role(StrEnum):
    OPERATOR = "OPERATOR"
    ADMINISTRATOR = "ADMINISTRATOR"
    DIRECTOR = "DIRECTOR"
    ACCOUNT_MANAGER = "ACCOUNT_MANAGER"
    FINANCE = "FINANCE"
    CUSTOMER = "CUSTOMER"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows a principal may see; None means no limit of that kind."""

    tenant_id: UUID
    partner_id: UUID | None = None
    own_partner_id: UUID | None = None
    account_manager_ids: tuple[UUID, ...] | None = None
    customer_id: UUID | None = None

    def covers(self, table: Any, *, account_manager: Any = None, customer: Any = None) -> list[Any]:
        """Give the where-clauses that keep a query on this table inside the scope.

        The last two name columns of a joined table where this one has none of its own.
        """
        clauses = [table.tenant_id == self.tenant_id]
        if self.partner_id is not None and hasattr(table, "partner_id"):
            clauses.append(table.partner_id == self.partner_id)
        customer = _customer_column(table) if customer is None else customer
        if self.customer_id is not None:
            # A table that says nothing of customers shows them nothing.
            clauses.append(
                table.tenant_id.is_(None) if customer is None else customer == self.customer_id
            )
        if self.account_manager_ids is not None:
            if account_manager is None:
                account_manager = getattr(table, "account_manager_id", None)
            if account_manager is not None:
                clauses.append(account_manager.in_(self.account_manager_ids))
            elif customer is not None:
                message = (
                    f"{table.__name__} is about customers: say whose account_manager limits it"
                )
                raise TypeError(message)
        return clauses


def _customer_column(table: Any) -> Any:
    if getattr(table, "__tablename__", None) == "customers":
        return table.id
    return getattr(table, "customer_id", None)


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a workload, as the gateway or a service's job vouched for it."""

    subject: str
    role: Role
    tenant_id: UUID | None
    partner_id: UUID | None = None
    # An account manager's own id; a director's team.
    account_manager_ids: tuple[UUID, ...] = ()
    customer_id: UUID | None = None
    # The workload that signed for it.
    actor: str = ""
    # The challenge that this very call answered rightly; no token says so.
    second_factor: UUID | None = None

    @property
    def is_root(self) -> bool:
        return self.partner_id is not None and self.partner_id == self.tenant_id

    @property
    def sees_every_partner(self) -> bool:
        return self.is_root or self.role in {Role.OPERATOR, Role.SYSTEM}

    @property
    def scope(self) -> Scope:
        """Say what it may see.

        :raises PermissionDenied: where it belongs to no tenant and has opened none.
        """
        if self.tenant_id is None:
            raise PermissionDenied(
                "open a tenant first; at the gateway by x-tenant-id and x-tenant-reason"
            )
        if not self.sees_every_partner and self.partner_id is None:
            raise PermissionDenied("the principal belongs to no partner")
        if self.role is Role.CUSTOMER and self.customer_id is None:
            raise PermissionDenied("the principal is no customer")
        managed = self.role in {Role.DIRECTOR, Role.ACCOUNT_MANAGER}
        return Scope(
            tenant_id=self.tenant_id,
            partner_id=None if self.sees_every_partner else self.partner_id,
            own_partner_id=self.partner_id,
            account_manager_ids=self.account_manager_ids if managed else None,
            customer_id=self.customer_id if self.role is Role.CUSTOMER else None,
        )

    def to_claims(self) -> dict[str, Any]:
        claims: dict[str, Any] = {"sub": self.subject, "role": self.role.value}
        for name in ("tenant_id", "partner_id", "customer_id"):
            if (value := getattr(self, name)) is not None:
                claims[name] = str(value)
        if self.account_manager_ids:
            claims["account_manager_ids"] = [str(value) for value in self.account_manager_ids]
        return claims

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        managers = claims.get("account_manager_ids", [])
        if not isinstance(managers, list) or len(managers) > MANAGED_MAX:
            raise ValueError("account_manager_ids is no list of bounded length")
        return cls(
            subject=_text(claims["sub"]),
            role=Role(claims["role"]),
            tenant_id=_uuid(claims.get("tenant_id")),
            partner_id=_uuid(claims.get("partner_id")),
            account_manager_ids=tuple(UUID(value) for value in managers),
            customer_id=_uuid(claims.get("customer_id")),
            actor=_text(claims["act"]),
        )


class TokenSigner:
    """Signs principals in the name of one workload."""

    def __init__(self, key: Mapping[str, Any], *, workload: str) -> None:
        self._key = ECKey.import_key(dict(key))
        self._workload = workload
        self._header = {"alg": ALGORITHM, "kid": workload, "typ": TOKEN_TYPE}

    @classmethod
    def from_file(cls, path: Path, *, workload: str) -> Self:
        return cls(json.loads(path.read_text()), workload=workload)

    @property
    def workload(self) -> str:
        return self._workload

    def mint(self, principal: Principal, audience: str, *, now: datetime) -> str:
        claims = principal.to_claims() | {
            "aud": audience,
            "act": self._workload,
            "iat": int(now.timestamp()),
            "exp": int((now + _life(self._workload)).timestamp()),
            "jti": uuid4().hex,
        }
        payload = json.dumps(claims, separators=(",", ":"))
        return jws.serialize_compact(self._header, payload, self._key, [ALGORITHM])


class TokenVerifier:
    """Accepts what known workloads signed for this audience, and nothing else."""

    def __init__(self, jwks: Mapping[str, Any], *, audience: str) -> None:
        self._keys = dict(_public_keys(jwks["keys"]))
        self._audience = audience
        # Token text → its principal and the second it expires; a call per token is the rule.
        self._verified: dict[str, tuple[Principal, float]] = {}

    @classmethod
    def from_file(cls, path: Path, *, audience: str) -> Self:
        return cls(json.loads(path.read_text()), audience=audience)

    def verify(self, token: str, *, now: datetime) -> Principal:
        """Read the principal out of a token.

        :raises Unauthenticated: always with the same text; why is nobody's business.
        """
        seconds = now.timestamp()
        known = self._verified.get(token)
        if known is not None and seconds < known[1]:
            return known[0]
        try:
            principal, expires = self._verify(token, seconds=seconds)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            raise Unauthenticated("the token is not valid here") from None
        if len(self._verified) >= VERIFIED_TOKENS_MAX:
            self._verified.clear()
        self._verified[token] = (principal, expires)
        return principal

    def _verify(self, token: str, *, seconds: float) -> tuple[Principal, float]:
        unverified = jws.extract_compact(token.encode("ascii"))
        header = unverified.headers()
        # Exactly these three members: no jwk, jku, x5u, crit, nor what is yet to be invented.
        if header.keys() != {"alg", "kid", "typ"} or header["typ"] != TOKEN_TYPE:
            raise ValueError("the header has other members")
        workload = _text(header["kid"])
        verified = jws.deserialize_compact(token, self._keys[workload], [ALGORITHM])
        claims = json.loads(verified.payload)
        issued, expires = _seconds(claims["iat"]), _seconds(claims["exp"])
        leeway = LEEWAY.total_seconds()
        if not (issued - leeway <= seconds < expires <= issued + _life(workload).total_seconds()):
            raise ValueError("the token is not of this minute")
        if claims["aud"] != self._audience or claims["act"] != workload:
            raise ValueError("the token is for or from somebody else")
        principal = Principal.from_claims(claims)
        if workload not in FRONT_WORKLOADS and principal.role is not Role.SYSTEM:
            raise ValueError("this workload speaks only for itself")
        return principal, float(expires)


def _life(workload: str) -> timedelta:
    return DEMO_TOKEN_LIFE if workload == "demo" else TOKEN_LIFE


def _public_keys(keys: Collection[Mapping[str, Any]]) -> list[tuple[str, ECKey]]:
    for key in keys:
        if key.get("kty") != "EC" or key.get("crv") != "P-256" or "d" in key:
            raise ValueError(f"key {key.get('kid')!r} is not a public P-256 key")
    return [(_text(key["kid"]), ECKey.import_key(dict(key))) for key in keys]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a claim is no text")
    return value


def _seconds(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("a time is no whole number")  # noqa: TRY004 - one error for every flaw
    return value


def _uuid(value: str | None) -> UUID | None:
    return None if value is None else UUID(value)
