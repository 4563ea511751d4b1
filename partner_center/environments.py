"""The environment of each process: what it needs to know, and no other process's secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from partner_center.databases import with_database
from partner_center.settings import Settings, Unusable
from partner_center.tokens import AUDIENCE, ISSUER
from services.kit.config import SERVICES, Environment

EXAMPLES: Final = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True)
class Databases:
    """DSNs by service: of the runtime role, and of the owner for migrations."""

    runtime: Mapping[str, str]
    owner: Mapping[str, str]


def is_production(environment: Mapping[str, str]) -> bool:
    return environment.get("ENVIRONMENT") == Environment.PRODUCTION


def external_databases(environment: Mapping[str, str]) -> Databases | None:
    """Read the DSNs of an external PostgreSQL, where the environment names one.

    :raises Unusable: some services have a DSN and others none
    """
    names = {service: f"{service.upper()}_DATABASE_URL" for service in SERVICES}
    missing = [name for name in names.values() if not environment.get(name)]
    if len(missing) == len(names):
        return None
    if missing:
        raise Unusable(f"set {', '.join(missing)} too, or none of them for our own PostgreSQL")
    runtime = {service: environment[name] for service, name in names.items()}
    owner = {
        service: environment.get(f"{service.upper()}_OWNER_DATABASE_URL") or runtime[service]
        for service in SERVICES
    }
    return Databases(runtime=runtime, owner=owner)


def embedded_databases(admin_url: str, passwords: Mapping[str, str]) -> Databases:
    """Give the DSNs of our own PostgreSQL."""
    place = admin_url.rpartition("@")[2]

    def urls(kind: str) -> dict[str, str]:
        roles = {service: f"{kind}_{service}" for service in SERVICES}
        return {
            service: with_database(f"postgresql://{role}:{passwords[role]}@{place}", service)
            for service, role in roles.items()
        }

    return Databases(runtime=urls("svc"), owner=urls("owner"))


def of_migration(
    service: str, *, settings: Settings, databases: Databases, environment: Mapping[str, str]
) -> dict[str, str]:
    """Say what `python -m services.<service> migrate` needs: alone it gets the owner's DSN."""
    owner = {f"{service.upper()}_OWNER_DATABASE_URL": databases.owner[service]}
    return owner | of_service(
        service, settings=settings, databases=databases, environment=environment
    )


def of_service(
    service: str, *, settings: Settings, databases: Databases, environment: Mapping[str, str]
) -> dict[str, str]:
    prefix = service.upper()
    own = {"BILLING_SECRET_KEY": str(settings.keys.billing_secret)} if service == "billing" else {}
    known = {"EXPORT_DIRECTORY": str(settings.data_dir / "exports")}
    return (
        known
        | _of_all(settings, environment=environment)
        | own
        | {
            f"{prefix}_DATABASE_URL": databases.runtime[service],
            f"{prefix}_LISTEN": settings.addresses[service],
            f"{prefix}_METRICS_LISTEN": settings.metrics[service],
            f"{prefix}_SIGNING_KEY": str(settings.keys.signing_key(service)),
            "INTERNAL_JWKS": str(settings.keys.internal_jwks),
            "PAGE_TOKEN_KEY": str(settings.keys.page_token_key),
        }
    )


def of_gateway(*, settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Say what the gateway needs; without an identity provider of its own it gets the demo's.

    :raises Unusable: production without an identity provider
    """
    provider = {
        "OIDC_ISSUER": ISSUER,
        "OIDC_AUDIENCE": AUDIENCE,
        "OIDC_JWKS": str(settings.keys.oidc_jwks),
    }
    known = {"EXAMPLES": str(EXAMPLES)} | _of_all(settings, environment=environment)
    known["GATEWAY_LISTEN"] = settings.gateway
    known["GATEWAY_SIGNING_KEY"] = str(settings.keys.signing_key("gateway"))
    if all(environment.get(name) for name in provider):
        return known
    if is_production(environment):
        raise Unusable(f"production needs an identity provider: set {', '.join(provider)}")
    return known | provider | {"DEMO_TOKEN": str(settings.keys.demo_token)}


def _of_all(settings: Settings, *, environment: Mapping[str, str]) -> dict[str, str]:
    secret = ("_DATABASE_URL", "_SIGNING_KEY")
    return (
        {"ENVIRONMENT": Environment.DEMO.value}
        | {name: value for name, value in environment.items() if not name.endswith(secret)}
        | {f"{service.upper()}_ADDRESS": settings.addresses[service] for service in SERVICES}
        | {"PYTHONUNBUFFERED": "1"}
    )
