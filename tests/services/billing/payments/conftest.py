"""The tests of payments share a database; each test has a tenant of its own."""

from collections.abc import Awaitable, Callable

import pytest_asyncio

from services.kit.database import Database
from tests.builders.payments import PayingTenant

OpenDatabase = Callable[[str], Awaitable[Database]]


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(database: OpenDatabase) -> PayingTenant:
    """Give a tenant with a resale customer that has nothing yet."""
    made = PayingTenant(await database("billing"))
    await made.link()
    return made
