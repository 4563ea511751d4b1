"""What the gateway is told by its environment: addresses, keys, origins and every limit."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from services.kit.config import DEFAULT_ADDRESSES, SERVICES, Environment, SettingsRefused
from services.kit.config import environment as read_environment

# The issuer of the command line's built-in identity provider. It signs whatever it is asked to.
DEMO_ISSUER = "partner-center-demo"
GRAPHIQL_BUNDLE = Path(__file__).parent / "http" / "static" / "graphiql"


class Execution(StrEnum):
    """What runs the operations: the compiled engine, or graphql-core to compare it with."""

    COMPILED = "compiled"
    REFERENCE = "reference"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one operation and of one caller; `LIMIT_<NAME>` overrides the default."""

    body_bytes: int = 100 * 1024
    tokens: int = 2_000
    depth: int = 12
    aliases: int = 30
    root_fields: int = 20
    directives: int = 50
    fragments: int = 50
    # Fields and spreads after expanding fragments. GraphiQL's introspection needs about 200.
    selections: int = 2_000
    # Fields selected again in the same braces. Validating them takes time by their square.
    repeats: int = 20
    # More than one would allow guessing codes and batching transfers by alias.
    mutation_fields: int = 1
    cost: int = 5_000
    cost_per_minute: int = 50_000
    page_size_default: int = 20
    page_size_max: int = 100
    # What a list without paging counts for.
    list_size: int = 10
    variable_depth: int = 20
    variable_list: int = 1_000
    variable_text: int = 10_000
    execution_seconds: int = 10
    operations_per_principal: int = 32
    operations: int = 200
    operations_waiting: int = 100
    subscriptions_per_socket: int = 20
    socket_init_seconds: int = 10
    documents: int = 1_000
    documents_characters: int = 400 * 1024


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between two installations."""

    environment: Environment = Environment.PRODUCTION
    host: str = "127.0.0.1"
    port: int = 8000
    # Several gateways on one port, one for each core.
    reuse_port: bool = False
    executor: Execution = Execution.COMPILED
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_jwks: str = ""
    signing_key: Path | None = None
    addresses: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_ADDRESSES))
    trusted_documents: Path | None = None
    trusted_documents_only: bool = False
    # Origins of other sites whose pages may call; the gateway's own pages always may.
    allowed_origins: frozenset[str] = frozenset()
    introspection: bool = False
    graphiql: bool = False
    graphiql_bundle: Path = GRAPHIQL_BUNDLE
    examples: Path = Path("examples")
    # A file with a token that the demo's GraphiQL page starts with.
    demo_token: Path | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.environment is not Environment.PRODUCTION:
            return
        if self.oidc_issuer == DEMO_ISSUER:
            raise SettingsRefused("OIDC_ISSUER names the demo's issuer, refused in production.")
        if self.demo_token is not None:
            raise SettingsRefused("DEMO_TOKEN is set, refused in production.")

    @property
    def hides_the_schema(self) -> bool:
        """Neither introspection nor suggestions tell a stranger what exists."""
        return not self.introspection

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings from environment variables.

        :raises SettingsRefused: naming the variable that is missing or wrong.
        """
        environment = read_environment(environ)
        host, port = _listen(environ.get("GATEWAY_LISTEN", "127.0.0.1:8000"))
        open_by_default = environment is not Environment.PRODUCTION
        return cls(
            environment=environment,
            host=host,
            port=port,
            reuse_port=_switch(environ, "GATEWAY_REUSE_PORT", default=False),
            executor=_execution(environ.get("GATEWAY_EXECUTOR") or Execution.COMPILED),
            oidc_issuer=_required(environ, "OIDC_ISSUER"),
            oidc_audience=_required(environ, "OIDC_AUDIENCE"),
            oidc_jwks=_required(environ, "OIDC_JWKS"),
            signing_key=_path(environ, "GATEWAY_SIGNING_KEY"),
            addresses={
                service: environ.get(f"{service.upper()}_ADDRESS", DEFAULT_ADDRESSES[service])
                for service in SERVICES
            },
            trusted_documents=_path(environ, "TRUSTED_DOCUMENTS"),
            trusted_documents_only=_switch(environ, "TRUSTED_DOCUMENTS_ONLY", default=False),
            allowed_origins=frozenset(environ.get("ALLOWED_ORIGINS", "").split()),
            introspection=_switch(environ, "INTROSPECTION", default=open_by_default),
            graphiql=_switch(environ, "GRAPHIQL", default=open_by_default),
            graphiql_bundle=_path(environ, "GRAPHIQL_BUNDLE") or GRAPHIQL_BUNDLE,
            examples=_path(environ, "EXAMPLES") or Path("examples"),
            demo_token=_path(environ, "DEMO_TOKEN"),
            limits=_limits(environ),
        )


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsRefused(f"GATEWAY_LISTEN is {text!r}; it must be host:port.")
    return host.strip("[]"), int(port)


def _execution(text: str) -> Execution:
    try:
        return Execution(text)
    except ValueError:
        choices = " or ".join(Execution)
        raise SettingsRefused(f"GATEWAY_EXECUTOR is {text!r}; it must be {choices}.") from None


def _required(environ: Mapping[str, str], name: str) -> str:
    if not (text := environ.get(name, "")):
        raise SettingsRefused(f"{name} is not set.")
    return text


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    text = environ.get(name, "")
    return Path(text) if text else None


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").lower()
    if text in ("1", "true", "on", "yes"):
        return True
    if text in ("0", "false", "off", "no"):
        return False
    if text:
        raise SettingsRefused(f"{name} is {text!r}; it must be on or off.")
    return default


def _limits(environ: Mapping[str, str]) -> Limits:
    given: dict[str, int] = {}
    for limit in fields(Limits):
        name = f"LIMIT_{limit.name.upper()}"
        if (text := environ.get(name)) is None:
            continue
        if not text.isdecimal() or int(text) == 0:
            raise SettingsRefused(f"{name} is {text!r}; it must be a positive whole number.")
        given[limit.name] = int(text)
    return replace(Limits(), **given)
