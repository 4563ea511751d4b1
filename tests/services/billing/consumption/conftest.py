"""A billing service that imports, shared by the tests of consumption; each has its own tenant."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from services.kit.paging import PageTokens
from tests.builders.consumption import ImportingBilling, importing_billing
from tests.builders.keys import Keys


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def billing(database: Any, pages: PageTokens, keys: Keys) -> AsyncIterator[ImportingBilling]:
    async with importing_billing(await database("billing"), pages=pages, keys=keys) as running:
        yield running
