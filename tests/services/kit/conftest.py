"""A pond for the kit's tests: a database with a table of frogs, and a running service of them."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from partner_center.postgres import EmbeddedPostgres
from services.kit.database import Database
from services.kit.migrations import run_migrations
from services.kit.paging import PageTokens
from tests.builders.frogs import FROGS_SQL, FrogServicer
from tests.builders.keys import Keys
from tests.builders.running import RunningService
from tests.conftest import owner_url, runtime_url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pond(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """Open a migrated database of its own, where frogs live under the role of programs."""
    admin: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(postgres.admin_url)
    await admin.execute("CREATE DATABASE pond OWNER owner_programs")
    await admin.close()
    url = owner_url(postgres, "programs", database="pond")
    await asyncio.to_thread(run_migrations, "programs", url=url)
    owner: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    await owner.execute(FROGS_SQL)
    await owner.close()
    database = Database(runtime_url(postgres, "programs", database="pond"), name="pond")
    yield database
    await database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def frogs(pond: Database, pages: PageTokens, keys: Keys) -> AsyncIterator[RunningService]:
    """Run the service of frogs."""
    running = RunningService("frogs", [FrogServicer(pond, pages)], database=pond, keys=keys)
    await running.start()
    yield running
    await running.stop()
