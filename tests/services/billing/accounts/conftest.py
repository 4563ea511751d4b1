"""The tests of fund accounts share a database; each test has a tenant of its own."""

from collections.abc import Awaitable, Callable

import pytest_asyncio

from services.kit.database import Database
from tests.builders.ledger import TenantLedger

OpenDatabase = Callable[[str], Awaitable[Database]]


@pytest_asyncio.fixture(loop_scope="session")
async def ledger(database: OpenDatabase) -> TenantLedger:
    return TenantLedger(await database("billing"))
