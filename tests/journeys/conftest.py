"""The whole of it in one process: four services, the gateway before them, real PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.kit.config import SERVICES
from tests.builders.graphs import Graph
from tests.builders.keys import Keys
from tests.builders.running import RunningService
from tests.conftest import RunService


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def services(running: RunService) -> dict[str, RunningService]:
    """Run all four services."""
    return {service: await running(service) for service in SERVICES}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def graph(
    services: dict[str, RunningService],
    environment: dict[str, str],
    keys: Keys,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Graph]:
    """Run the gateway before the services, and ask it."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    async with Graph(folder, environment=environment, keys=keys) as graph:
        yield graph
