"""The ledger's tests share a database; each test has a tenant of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest_asyncio

from partner_center.postgres import EmbeddedPostgres
from services.kit.database import Database
from tests.builders.ledger import TenantLedger

OpenDatabase = Callable[[str], Awaitable[Database]]


@pytest_asyncio.fixture(loop_scope="session")
async def ledger(database: OpenDatabase) -> TenantLedger:
    return TenantLedger(await database("billing"))


@pytest_asyncio.fixture(loop_scope="session")
async def connections(
    database: OpenDatabase, postgres: EmbeddedPostgres
) -> AsyncIterator[dict[str, Any]]:
    """Connect as the runtime role and as the owner, without anything of ours between."""
    opened: Database = await database("billing")
    runtime = opened.engine.url.set(drivername="postgresql")
    plain = runtime.render_as_string(hide_password=False)
    found = {"runtime": await asyncpg.connect(plain)}
    admin = postgres.admin_url.removesuffix("postgres") + str(runtime.database)
    found["owner"] = await asyncpg.connect(admin)
    await found["owner"].execute("SET ROLE owner_billing")
    yield found
    for connection in found.values():
        await connection.close()
