"""Makes each service's database with its owner and runtime role, closed to all others."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import asyncpg

from services.kit.config import SERVICES

ROLES = tuple(f"{kind}_{service}" for service in SERVICES for kind in ("owner", "svc"))


class UnsafeRole(Exception):
    """A role that row level security would not hold."""


async def prepare_databases(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Bring the four databases and their eight roles about; doing it again changes nothing.

    `passwords` are by role name, `owner_billing`, `svc_billing` and so on; they are set anew.

    :raises UnsafeRole: a role exists already and may pass row level security
    """
    admin: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(admin_url)
    try:
        for role in ROLES:
            await _prepare_role(admin, role, password=passwords[role])
        for service in SERVICES:
            await _prepare_database(admin, service)
        await admin.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
    finally:
        await admin.close()
    for service in SERVICES:
        await _prepare_schema(with_database(admin_url, service), service=service)


def with_database(url: str, database: str) -> str:
    """Give the same DSN for another database."""
    return urlsplit(url)._replace(path=f"/{database}").geturl()


async def _prepare_role(
    admin: "asyncpg.Connection[asyncpg.Record]", role: str, *, password: str
) -> None:
    known = await admin.fetchrow(
        "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = $1", role
    )
    if known is not None and (known["rolsuper"] or known["rolbypassrls"]):
        raise UnsafeRole(f"role {role} may pass row level security; take SUPERUSER, BYPASSRLS away")
    verb = "CREATE" if known is None else "ALTER"
    # Names and passwords can not be parameters of DDL: the server quotes them.
    statement = await admin.fetchval(
        f"SELECT format('{verb} ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)", role, password
    )
    await admin.execute(statement)


async def _prepare_database(admin: "asyncpg.Connection[asyncpg.Record]", service: str) -> None:
    owner = f"owner_{service}"
    if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", service):
        if not await admin.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            # Managed databases give no superuser; whoever makes a role may join it.
            await admin.execute(f"GRANT {owner} TO CURRENT_USER")
        await admin.execute(f"CREATE DATABASE {service} OWNER {owner}")
    await admin.execute(f"REVOKE ALL ON DATABASE {service} FROM PUBLIC")
    await admin.execute(f"GRANT CONNECT ON DATABASE {service} TO svc_{service}")


async def _prepare_schema(url: str, *, service: str) -> None:
    admin: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    try:
        await admin.execute(f"ALTER SCHEMA public OWNER TO owner_{service}")
        await admin.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        await admin.execute(f"GRANT USAGE ON SCHEMA public TO svc_{service}")
    finally:
        await admin.close()
