"""What tests share: a real PostgreSQL, migrated databases, running services, callers.

One cluster for each worker of xdist, started when a test first asks for it. Tests do not clean
up: each has a tenant of its own, which is how the service keeps its users apart, too.
"""

import asyncio
import gc
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from secrets import token_hex

import asyncpg
import pytest
import pytest_asyncio
import structlog
from hypothesis import settings

from gateway.serve import GC_THRESHOLDS
from partner_center.databases import ROLES, prepare_databases
from partner_center.postgres import EmbeddedPostgres, free_port
from services.kit import log
from services.kit.config import SERVICES, ServiceSettings
from services.kit.database import Database
from services.kit.migrations import run_migrations
from services.kit.paging import PageTokens
from services.kit.server import Parts
from tests.builders.keys import Keys, make_keys
from tests.builders.running import RunningService

# How long an example takes says more of the machine than of the code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# A test run that loses power is started again.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
PASSWORDS = {role: token_hex(16) for role in ROLES}

OpenDatabase = Callable[[str], Awaitable[Database]]
MakeDatabase = Callable[[str], Awaitable[str]]
RunService = Callable[[str], Awaitable[RunningService]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones, so that no process waits for another at the end."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


def pytest_collection_finish() -> None:
    """Let the collector look past what imports made, as it does in the gateway.

    There is so much of it that looking at it took a tenth of a run's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Write the log to what pytest captures, without the values of variables."""
    structlog.configure(processors=log.processors(human=True))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    """Start a cluster with the four empty databases and their roles."""
    data_dir = tmp_path_factory.mktemp("postgres")
    async with EmbeddedPostgres(data_dir, settings=FAST) as server:
        await prepare_databases(server.admin_url, PASSWORDS)
        yield server


def runtime_url(postgres: EmbeddedPostgres, service: str, *, database: str | None = None) -> str:
    role = f"svc_{service}"
    return postgres.url(user=role, password=PASSWORDS[role], database=database or service)


def owner_url(postgres: EmbeddedPostgres, service: str, *, database: str | None = None) -> str:
    role = f"owner_{service}"
    return postgres.url(user=role, password=PASSWORDS[role], database=database or service)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[OpenDatabase]:
    """Open the database of a service by its name: migrated, as the service's runtime role."""
    opened: dict[str, Database] = {}

    async def open_database(service: str) -> Database:
        if service not in opened:
            url = owner_url(postgres, service)
            await asyncio.to_thread(run_migrations, service, url=url)
            opened[service] = Database(runtime_url(postgres, service), name=service)
        return opened[service]

    yield open_database
    for one in opened.values():
        await one.close()


@pytest_asyncio.fixture(loop_scope="session")
async def empty_database(postgres: EmbeddedPostgres) -> AsyncIterator[MakeDatabase]:
    """Make a new, empty database and give its name; it is dropped after the test."""
    admin: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(postgres.admin_url)
    made: list[str] = []

    async def make_database(service: str) -> str:
        name = f"{service}_{token_hex(4)}"
        await admin.execute(f"CREATE DATABASE {name} OWNER owner_{service}")
        made.append(name)
        inside = postgres.admin_url.removesuffix("postgres") + name
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(inside)
        await connection.execute(f"ALTER SCHEMA public OWNER TO owner_{service}")
        await connection.close()
        return name

    yield make_database
    for name in made:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def pages(keys: Keys) -> PageTokens:
    return PageTokens(keys.page_token_key)


@pytest.fixture(scope="session")
def environment(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the variables of a whole installation on free ports, but for the databases."""
    ports = {service: free_port() for service in SERVICES}
    listens = {f"{name.upper()}_LISTEN": f"127.0.0.1:{port}" for name, port in ports.items()}
    addresses = {f"{name.upper()}_ADDRESS": f"127.0.0.1:{port}" for name, port in ports.items()}
    folder = {"EXPORT_DIRECTORY": str(tmp_path_factory.mktemp("exports"))}
    return {"ENVIRONMENT": "test"} | keys.environment() | listens | addresses | folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running(
    postgres: EmbeddedPostgres,
    database: OpenDatabase,
    keys: Keys,
    pages: PageTokens,
    environment: dict[str, str],
) -> AsyncIterator[RunService]:
    """Run a service by its name, as its composition root puts it together."""
    started: dict[str, RunningService] = {}
    async with AsyncExitStack() as stack:

        async def run_service(service: str) -> RunningService:
            if service not in started:
                dsn = {f"{service.upper()}_DATABASE_URL": runtime_url(postgres, service)}
                settings = ServiceSettings.from_environment(service, environment | dsn)
                opened = await database(service)
                root = importlib.import_module(f"services.{service}.__main__")
                servicers, _jobs = root.compose(Parts(settings, opened, pages))
                one = RunningService(service, servicers, database=opened, keys=keys)
                await one.start(listen=settings.listen)
                stack.push_async_callback(one.stop)
                started[service] = one
            return started[service]

        yield run_service
