"""Each service's database: its own roles get in, all others stay out, and twice is once."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from partner_center.databases import (
    ROLES,
    UnsafeRole,
    prepare_databases,
    with_database,
)
from partner_center.postgres import EmbeddedPostgres
from services.kit.config import SERVICES

PASSWORDS = {role: f"it's {role}" for role in ROLES}


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    folder: Path = tmp_path_factory.mktemp("postgres")
    async with EmbeddedPostgres(folder, settings={"fsync": "off"}) as postgres:
        await prepare_databases(postgres.admin_url, PASSWORDS)
        yield postgres


async def connect(
    server: EmbeddedPostgres, role: str, *, database: str
) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(
        server.url(user=role, password="", database=database), password=PASSWORDS[role]
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_the_owner_makes_tables_and_the_runtime_role_can_not(
    server: EmbeddedPostgres, service: str
) -> None:
    owner = await connect(server, f"owner_{service}", database=service)
    runtime = await connect(server, f"svc_{service}", database=service)

    await owner.execute("CREATE TABLE trial (id int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.execute("CREATE TABLE other (id int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.fetch("SELECT * FROM trial")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.execute("CREATE TEMPORARY TABLE hidden (id int)")

    await owner.execute("DROP TABLE trial")
    await owner.close()
    await runtime.close()


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_gets_into_its_own_database_only(server: EmbeddedPostgres, role: str) -> None:
    own = role.partition("_")[2]

    for database in (*SERVICES, "postgres", "template1"):
        if database != own:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connect(server, role, database=database)
    await (await connect(server, role, database=own)).close()


async def test_preparing_again_keeps_the_data_and_sets_the_passwords(
    server: EmbeddedPostgres,
) -> None:
    owner = await connect(server, "owner_billing", database="billing")
    await owner.execute("CREATE TABLE kept AS SELECT 7 AS number")

    await prepare_databases(server.admin_url, dict.fromkeys(ROLES, "new"))

    assert await owner.fetchval("SELECT number FROM kept") == 7
    await owner.execute("DROP TABLE kept")
    await owner.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(server, "svc_billing", database="billing")
    await prepare_databases(server.admin_url, PASSWORDS)
    await (await connect(server, "svc_billing", database="billing")).close()


@pytest.mark.parametrize("power", ["SUPERUSER", "BYPASSRLS"])
async def test_a_role_that_passes_row_level_security_is_refused(
    server: EmbeddedPostgres, power: str
) -> None:
    admin = await asyncpg.connect(server.admin_url)
    await admin.execute(f"ALTER ROLE svc_programs {power}")

    with pytest.raises(UnsafeRole, match="svc_programs"):
        await prepare_databases(server.admin_url, PASSWORDS)

    await admin.execute(f"ALTER ROLE svc_programs NO{power}")
    await admin.close()


async def test_an_administrator_who_is_no_superuser_is_enough(server: EmbeddedPostgres) -> None:
    async with EmbeddedPostgres(server.data_dir / "managed") as managed:
        admin = await asyncpg.connect(managed.admin_url)
        await admin.execute("CREATE ROLE dba LOGIN CREATEROLE CREATEDB PASSWORD 'dba'")
        await admin.close()

        await prepare_databases(managed.url(user="dba", password="dba"), PASSWORDS)

        await (await connect(managed, "svc_billing", database="billing")).close()


def test_with_database_changes_nothing_else() -> None:
    url = "postgresql://me:pw@db.example:6432/postgres?sslmode=require"

    assert (
        with_database(url, "billing")
        == "postgresql://me:pw@db.example:6432/billing?sslmode=require"
    )
