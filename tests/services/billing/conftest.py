"""What billing's tests share: the service, running."""

from collections.abc import Awaitable, Callable

import pytest_asyncio

from tests.builders.running import RunningService

RunService = Callable[[str], Awaitable[RunningService]]


@pytest_asyncio.fixture(loop_scope="session")
async def billing(running: RunService) -> RunningService:
    return await running("billing")
