"""Migrations: what protects a table, and that two upgrades at once do no harm."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
import sqlalchemy as sa
from alembic import op
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext

from partner_center.postgres import EmbeddedPostgres
from services.kit.config import SERVICES
from services.kit.database import Database
from services.kit.ids import new_id
from services.kit.migrations import (
    grant,
    grant_function,
    make_immutable,
    protect,
    run_migrations,
)
from tests.conftest import owner_url, runtime_url

MakeDatabase = Callable[[str], Awaitable[str]]
Connection = asyncpg.Connection


def make_frogs(connection: sa.Connection) -> None:
    """Do what a migration of the service programs would do."""
    environment = EnvironmentContext(Config(ini_section="programs"), None)  # type: ignore[arg-type]
    environment.configure(connection=connection)
    with Operations.context(environment.get_context()):
        op.execute("CREATE TABLE frogs (tenant_id uuid, partner_id uuid, name text)")
        protect("frogs", partner=True)
        grant("frogs", "SELECT", "INSERT", "UPDATE", "DELETE")
        op.execute("CREATE TABLE facts (tenant_id uuid, name text)")
        protect("facts")
        grant("facts", "SELECT", "INSERT", "UPDATE", "DELETE")
        make_immutable("facts")
        op.execute("CREATE TABLE forgotten (tenant_id uuid)")
        op.execute("CREATE FUNCTION croak(n int) RETURNS int LANGUAGE sql AS $$ SELECT n $$")
        grant_function("croak(int)")


@pytest_asyncio.fixture(loop_scope="session")
async def made(postgres: EmbeddedPostgres, empty_database: MakeDatabase) -> str:
    """Give the name of a database with frogs, facts and what was forgotten."""
    name = await empty_database("programs")
    url = owner_url(postgres, "programs", database=name)
    await asyncio.to_thread(run_migrations, "programs", url=url, revision="0001")
    owner = Database(url)
    async with owner.engine.begin() as connection:
        await connection.run_sync(make_frogs)
    await owner.close()
    return name


async def connect(url: str, *, tenant: UUID | str = "", partner: UUID | str = "") -> Connection:
    connection = await asyncpg.connect(url)
    await connection.execute(f"SET app.tenant = '{tenant}'; SET app.partner = '{partner}'")
    return connection


async def test_a_protected_table_shows_and_takes_only_what_is_in_scope(
    postgres: EmbeddedPostgres, made: str
) -> None:
    tenant, partner = new_id(), new_id()
    url = runtime_url(postgres, "programs", database=made)
    insert = "INSERT INTO frogs VALUES ($1, $2, 'x')"
    root = await connect(url, tenant=tenant)
    await root.execute(insert, tenant, tenant)
    await root.execute(insert, tenant, partner)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await root.execute(insert, new_id(), tenant)

    counts = []
    for who in (
        {},
        {"tenant": tenant},
        {"tenant": tenant, "partner": partner},
        {"tenant": new_id()},
    ):
        connection = await connect(url, **who)  # type: ignore[arg-type]
        counts.append(await connection.fetchval("SELECT count(*) FROM frogs"))
        await connection.close()
    await root.close()
    jobs = await connect(url, tenant="every")
    counts.append(await jobs.fetchval("SELECT count(*) FROM frogs"))
    await jobs.close()

    assert counts == [0, 2, 1, 0, 2]


async def test_the_owner_is_held_by_the_policy_too(postgres: EmbeddedPostgres, made: str) -> None:
    tenant = new_id()
    runtime = await connect(runtime_url(postgres, "programs", database=made), tenant=tenant)
    await runtime.execute("INSERT INTO frogs VALUES ($1, $1, 'x')", tenant)
    await runtime.close()

    owner = await asyncpg.connect(owner_url(postgres, "programs", database=made))
    seen = await owner.fetchval("SELECT count(*) FROM frogs")
    await owner.close()

    assert seen == 0


@pytest.mark.parametrize(
    "statement", ["UPDATE facts SET name = 'y'", "DELETE FROM facts", "TRUNCATE facts"]
)
async def test_a_fact_is_never_changed_by_anybody(
    postgres: EmbeddedPostgres, made: str, statement: str
) -> None:
    tenant = new_id()
    runtime = await connect(runtime_url(postgres, "programs", database=made), tenant=tenant)
    await runtime.execute("INSERT INTO facts VALUES ($1, 'x')", tenant)
    owner = await connect(owner_url(postgres, "programs", database=made), tenant=tenant)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.execute(statement)
    with pytest.raises(asyncpg.RestrictViolationError, match="immutable"):
        await owner.execute(statement)

    assert await runtime.fetchval("SELECT name FROM facts") == "x"
    await runtime.close()
    await owner.close()


async def test_what_a_migration_forgot_to_grant_is_out_of_reach(
    postgres: EmbeddedPostgres, made: str
) -> None:
    runtime = await connect(runtime_url(postgres, "programs", database=made), tenant=new_id())

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.fetch("SELECT * FROM forgotten")
    assert await runtime.fetchval("SELECT croak(7)") == 7
    await runtime.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_every_service_upgrades_an_empty_database(
    postgres: EmbeddedPostgres, empty_database: MakeDatabase, service: str
) -> None:
    url = owner_url(postgres, service, database=await empty_database(service))
    variable = {f"{service.upper()}_OWNER_DATABASE_URL": url}

    async def migrate() -> int:
        command = (sys.executable, "-m", f"services.{service}", "migrate")
        process = await asyncio.create_subprocess_exec(*command, env=os.environ | variable)
        return await process.wait()

    # Two processes that start at once: one waits for the other and finds all done.
    assert await asyncio.gather(migrate(), migrate()) == [0, 0]

    connection = await asyncpg.connect(url)
    unprotected = await connection.fetch(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relkind IN ('r', 'p') AND a.attname = 'tenant_id' AND NOT c.relispartition"
        " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    )
    await connection.close()
    assert unprotected == []


async def test_a_reply_can_be_written_and_never_deleted(
    postgres: EmbeddedPostgres, empty_database: MakeDatabase
) -> None:
    name = await empty_database("programs")
    url = owner_url(postgres, "programs", database=name)
    await asyncio.to_thread(run_migrations, "programs", url=url, revision="0001")

    runtime = await asyncpg.connect(runtime_url(postgres, "programs", database=name))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.execute("DELETE FROM replies")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.execute("CREATE TABLE mine (id int)")
    await runtime.close()
