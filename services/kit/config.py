"""What a service is told by its environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

SERVICES: Final = ("customers", "billing", "incentives", "programs")
DEFAULT_ADDRESSES: Final = {
    service: f"127.0.0.1:{port}" for port, service in enumerate(SERVICES, start=50051)
}

EXPORT_DIRECTORY_DEFAULT: Final = ".data/exports"
EXPORT_ROWS_MAX_DEFAULT: Final = 5_000_000


class SettingsRefused(Exception):
    """A setting is missing or makes no sense: the process must not start."""


class Environment(StrEnum):
    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    service: str
    environment: Environment
    database_url: str
    listen: str
    # Where Prometheus reads, if anywhere.
    metrics_listen: str | None
    # Public keys of the workloads that may sign internal tokens.
    internal_jwks: Path
    # This workload's private key; needed where it calls others.
    signing_key: Path | None
    page_token_key: Path
    # The gRPC targets of all services.
    addresses: Mapping[str, str]
    # Where a service finds what it alone needs to know.
    environ: Mapping[str, str]
    # Where the files of exports are kept; one folder for all replicas.
    export_directory: Path
    export_rows_max: int

    @classmethod
    def from_environment(cls, service: str, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings of one service.

        :raises SettingsRefused: naming the variable.
        """
        given = os.environ if environ is None else environ
        prefix = service.upper()
        signing_key = given.get(f"{prefix}_SIGNING_KEY")
        return cls(
            service=service,
            environment=environment(given),
            database_url=needed(given, f"{prefix}_DATABASE_URL"),
            listen=given.get(f"{prefix}_LISTEN") or DEFAULT_ADDRESSES[service],
            metrics_listen=given.get(f"{prefix}_METRICS_LISTEN") or None,
            internal_jwks=Path(needed(given, "INTERNAL_JWKS")),
            signing_key=Path(signing_key) if signing_key else None,
            page_token_key=Path(needed(given, "PAGE_TOKEN_KEY")),
            addresses={
                name: given.get(f"{name.upper()}_ADDRESS") or DEFAULT_ADDRESSES[name]
                for name in SERVICES
            },
            environ=given,
            export_directory=Path(given.get("EXPORT_DIRECTORY") or EXPORT_DIRECTORY_DEFAULT),
            export_rows_max=_count(given, "EXPORT_ROWS_MAX", default=EXPORT_ROWS_MAX_DEFAULT),
        )

    @property
    def is_production(self) -> bool:
        return self.environment is Environment.PRODUCTION


def environment(given: Mapping[str, str]) -> Environment:
    text = given.get("ENVIRONMENT") or Environment.PRODUCTION
    try:
        return Environment(text)
    except ValueError:
        message = f"ENVIRONMENT must be production, demo or test, not {text!r}"
        raise SettingsRefused(message) from None


def owner_database_url(service: str, environ: Mapping[str, str] | None = None) -> str:
    """Give the DSN that migrations use: the owner's, or the only one there is."""
    given = os.environ if environ is None else environ
    prefix = service.upper()
    return given.get(f"{prefix}_OWNER_DATABASE_URL") or needed(given, f"{prefix}_DATABASE_URL")


def host_and_port(text: str, *, name: str) -> tuple[str, int]:
    """Read "host:port".

    :raises SettingsRefused: naming the variable.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit():
        raise SettingsRefused(f"{name} must be host:port, not {text!r}")
    return host.strip("[]"), int(port)


def _count(given: Mapping[str, str], name: str, *, default: int) -> int:
    text = given.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise SettingsRefused(f"{name} must be a positive whole number, not {text!r}")
    return int(text)


def needed(given: Mapping[str, str], name: str) -> str:
    """Give a setting that has no default.

    :raises SettingsRefused: naming the variable.
    """
    value = given.get(name)
    if not value:
        raise SettingsRefused(f"{name} is not set")
    return value
