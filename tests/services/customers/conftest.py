"""What the tests of customers share: the running service, and transactions that leave nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest

from services.kit.database import Database
from services.kit.writing import WritingSession
from tests.builders.principals import a_system, a_tenant
from tests.builders.running import RunningService


@pytest.fixture
async def service(running: Callable[[str], Awaitable[RunningService]]) -> RunningService:
    return await running("customers")


@pytest.fixture
async def customers_database(database: Callable[[str], Awaitable[Database]]) -> Database:
    return await database("customers")


@pytest.fixture
def tenant_id() -> UUID:
    return a_tenant()


@pytest.fixture
async def session(customers_database: Database, tenant_id: UUID) -> AsyncIterator[WritingSession]:
    """Open a transaction of the tenant that is rolled back in the end."""
    async with customers_database.transaction(a_system(tenant_id)) as session:
        yield session
        await session.start_over()
