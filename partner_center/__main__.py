"""The command line: `partner-center up`, `token`, `import`, `verify` and what compose needs."""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from partner_center.binaries import NoPostgres, programs_for
from partner_center.databases import ROLES, UnsafeRole, prepare_databases
from partner_center.environments import is_production
from partner_center.first_start import load_demo
from partner_center.focus import FocusImport, ImportFailed, summary
from partner_center.keys import make_demo_keys, make_keys
from partner_center.postgres import HOST, SUPERUSER, EmbeddedPostgres, PostgresFailed, running_port
from partner_center.processes import ProcessFailed
from partner_center.readiness import gateway_is_ready, service_is_ready
from partner_center.settings import Settings, Unusable
from partner_center.supervisor import Supervisor
from partner_center.tokens import LIFETIME, NAMES, NoDemo, service_token, user_token
from services.kit.config import SERVICES
from services.kit.errors import InvalidArgument

FAILURES = (
    ImportFailed,
    InvalidArgument,
    NoDemo,
    NoPostgres,
    PostgresFailed,
    ProcessFailed,
    UnsafeRole,
    Unusable,
)

app = typer.Typer(
    help="Start the partner center on this machine, and work with it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
imports = typer.Typer(help="Import files of other systems.", no_args_is_help=True)
app.add_typer(imports, name="import")
DataDir = Annotated[
    Path, typer.Option(envvar="DATA_DIR", help="Where everything is kept.", show_default=".data")
]


@app.command()
def up(
    *,
    port: Annotated[int, typer.Option(envvar="PORT", help="The gateway's; 0 takes any.")] = 8000,
    data_dir: DataDir = Path(".data"),
    with_demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Load it if absent.")] = True,
) -> None:
    """Start PostgreSQL, the four services and the gateway; stop them on Ctrl-C."""
    settings = Settings.chosen(data_dir, port=port, environment=os.environ)
    supervisor = Supervisor(settings, os.environ, say=_say, demo=load_demo if with_demo else None)
    asyncio.run(supervisor.run())


@app.command()
def token(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")],
    *,
    service: Annotated[
        str | None,
        typer.Option("--for", help="Instead a 10 minutes' token for this service, for `buf curl`."),
    ] = None,
    data_dir: DataDir = Path(".data"),
) -> None:
    """Print a token of the demo's identity provider for the gateway."""
    if is_production(os.environ):
        raise NoDemo("the demo's identity provider does not work in production")
    now = datetime.now(UTC)
    if service is None:
        print(user_token(name, data_dir=data_dir, now=now))  # noqa: T201 - what was asked for
        _whisper(f"valid for {LIFETIME.total_seconds() / 3600:.0f} hours, for demos only")
    elif service in SERVICES:
        text = service_token(name, service=service, data_dir=data_dir, now=now)
        print(text)  # noqa: T201 - what was asked for
    else:
        raise NoDemo(f"there is no service {service!r}; there are {', '.join(SERVICES)}")


@app.command()
def demo(*, data_dir: DataDir = Path(".data")) -> None:
    """Load the demo's data into what runs here; done already, it changes nothing."""
    if is_production(os.environ):
        raise NoDemo("no demo data in production")
    asyncio.run(load_demo(Settings.running(data_dir, environment=os.environ)))


@imports.command("focus")
def import_focus(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="The CSV file, UTF-8."),
    ],
    *,
    address: Annotated[
        str | None, typer.Option(help="Billing's host:port; default what runs here.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="IMPORT_TOKEN", help="For billing; default the demo operator's."),
    ] = None,
    reseller: Annotated[
        str | None, typer.Option(help="Id (ptr_…) of who owns new customers.")
    ] = None,
    advisory: Annotated[bool, typer.Option("--advisory", help="They pay themselves.")] = False,
    tenant_of: Annotated[
        str, typer.Option(help="Demo user into whose tenant it goes: admin or distributor.")
    ] = "admin",
    data_dir: DataDir = Path(".data"),
) -> None:
    """Import a FOCUS 1.0 to 1.2 CSV file; the same file again changes nothing."""
    if token is None and is_production(os.environ):
        raise NoDemo("the demo's identity provider does not work in production; give --token")
    if address is None:
        address = Settings.running(data_dir, environment=os.environ).addresses["billing"]
    if token is None:
        now = datetime.now(UTC)
        token = service_token(
            "operator", service="billing", opens=tenant_of, data_dir=data_dir, now=now
        )
    begun = time.monotonic()
    chosen = FocusImport(
        path=file, address=address, token=token, reseller_id=reseller, is_advisory=advisory
    )
    report = asyncio.run(chosen.run())
    print(summary(report, seconds=time.monotonic() - begun))  # noqa: T201 - what was asked for


@app.command()
def explain(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A document.")
    ],
    *,
    variables: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, readable=True, help="Its variables, as JSON."),
    ] = None,
    operation: Annotated[
        str | None, typer.Option(help="Which operation, where the document has several.")
    ] = None,
) -> None:
    """Print how the gateway answers a document: the rpcs, their keys and masks, the code."""
    # Only here: to put the graph together takes longer than all the other commands.
    from partner_center.explain import (  # noqa: PLC0415
        Unexplained,
        document_in,
        explained,
        variables_in,
    )

    try:
        shown = explained(
            document_in(file), variables=variables_in(variables), operation_name=operation
        )
    except Unexplained as refused:
        sys.exit(f"partner-center: {refused}")
    print(shown)  # noqa: T201 - what was asked for


@app.command()
def verify(
    *,
    tenant: Annotated[
        list[str] | None, typer.Option(help="Only this tenant (ptr_…); may be repeated.")
    ] = None,
    noted: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="An earlier --json, kept outside."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; its heads are what to keep outside.")
    ] = False,
    data_dir: DataDir = Path(".data"),
) -> None:
    """Prove logs and ledger row by row, and all that must hold; exit with 1 where it does not.

    Looks into the databases that <SERVICE>_DATABASE_URL name, or into what runs here.
    """
    # Only here: the services' slices are of no use to the other commands.
    from partner_center import verification  # noqa: PLC0415

    report = asyncio.run(
        verification.verify(
            verification.database_urls(data_dir, environment=os.environ),
            tenant_ids=[verification.tenant_of(text) for text in tenant or ()],
            noted={} if noted is None else json.loads(noted.read_bytes())["heads"],
        )
    )
    shown = verification.as_json(report) if as_json else verification.as_text(report)
    print(json.dumps(shown, indent=2) if as_json else shown)  # noqa: T201 - what was asked for
    if any(verified.findings for verified in report):
        raise typer.Exit(1)


@app.command("db-shell")
def db_shell(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.")],
    *,
    data_dir: DataDir = Path(".data"),
) -> None:
    """Open psql as the superuser in a database of what runs here."""
    if service not in SERVICES:
        raise Unusable(f"there is no service {service!r}; there are {', '.join(SERVICES)}")
    port = running_port(data_dir)
    if port is None:
        raise Unusable(f"no PostgreSQL of ours runs in {data_dir}; start it with `make run`")
    # By environment: arguments are seen by everybody on the machine.
    os.environ.update(
        PGHOST=HOST,
        PGPORT=str(port),
        PGUSER=SUPERUSER,
        PGPASSWORD=EmbeddedPostgres(data_dir).password,
        PGDATABASE=service,
    )
    program = programs_for(None) / "psql"
    os.execv(program, [str(program)])  # noqa: S606 - becoming psql is the point


@app.command("prepare-databases")
def prepare() -> None:
    """Make the databases and roles on an external PostgreSQL.

    Reads PREPARE_ADMIN_URL, and a password for each role: OWNER_BILLING_PASSWORD,
    SVC_BILLING_PASSWORD and so on.
    """
    names = {role: f"{role.upper()}_PASSWORD" for role in ROLES}
    missing = [name for name in ("PREPARE_ADMIN_URL", *names.values()) if not os.environ.get(name)]
    if missing:
        raise Unusable(f"set {', '.join(missing)}")
    passwords = {role: os.environ[name] for role, name in names.items()}
    asyncio.run(prepare_databases(os.environ["PREPARE_ADMIN_URL"], passwords))


@app.command("prepare-keys")
def prepare_keys(folder: Annotated[Path, typer.Argument(help="Made where it is missing.")]) -> None:
    """Make the missing keys of an installation; the demo's too with ENVIRONMENT=demo."""
    if os.environ.get("ENVIRONMENT") == "demo":
        make_demo_keys(folder)
    else:
        make_keys(folder)


@app.command()
def health(
    address: Annotated[str, typer.Argument(help="host:port of a service, or the gateway's URL.")],
) -> None:
    """Ask a service or the gateway whether it takes requests; for health checks."""
    gateway = urlsplit(address).netloc if "://" in address else ""
    question = gateway_is_ready(gateway) if gateway else service_is_ready(address)
    if not asyncio.run(question):
        raise Unusable(f"{address} is not ready")


def main() -> None:
    """Run a command; what went wrong is told in a sentence."""
    try:
        app()
    except FAILURES as error:
        sys.exit(f"partner-center: {error}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the supervisor talks to people


def _whisper(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - beside the output, for people


if __name__ == "__main__":
    main()
