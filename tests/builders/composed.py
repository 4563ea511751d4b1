"""A service as its composition root puts it together, its jobs included, in the test's process."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from partner_center.databases import prepare_databases
from partner_center.postgres import EmbeddedPostgres, free_port
from services.kit.config import SERVICES, ServiceSettings
from services.kit.database import Database
from services.kit.jobs import Job, run_until_cancelled
from services.kit.migrations import run_migrations
from services.kit.paging import PageTokens
from services.kit.server import Parts
from tests.builders.keys import Keys
from tests.builders.running import RunningService


def listening_anywhere() -> dict[str, str]:
    """Give the variables of an installation's ports, each chosen anew."""
    ports = {service.upper(): free_port() for service in SERVICES}
    return {f"{name}_LISTEN": f"127.0.0.1:{port}" for name, port in ports.items()} | {
        f"{name}_ADDRESS": f"127.0.0.1:{port}" for name, port in ports.items()
    }


class Composed:
    """One service: what it serves, what it does by itself, and the ways it opened to others."""

    def __init__(
        self, service: str, *, database: Database, keys: Keys, environment: Mapping[str, str]
    ) -> None:
        url = {f"{service.upper()}_DATABASE_URL": database.engine.url.render_as_string()}
        settings = ServiceSettings.from_environment(service, {**environment, **url})
        self._parts = Parts(settings, database, PageTokens(keys.page_token_key))
        self._listen = settings.listen
        root = importlib.import_module(f"services.{service}.__main__")
        servicers, jobs = root.compose(self._parts)
        self.jobs: list[Job] = jobs
        self.running = RunningService(service, servicers, database=database, keys=keys)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[RunningService]:
        await self.running.start(listen=self._listen)
        try:
            yield self.running
        finally:
            await self.running.stop()
            await self.close()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Let the jobs run as they do beside a server."""
        background = asyncio.create_task(run_until_cancelled(self.jobs, self.running.database))
        try:
            yield
        finally:
            background.cancel()
            await asyncio.gather(background, return_exceptions=True)
            await self.close()

    async def close(self) -> None:
        await self._parts.channels.close()


async def prepare_cluster(
    postgres: EmbeddedPostgres, *, passwords: Mapping[str, str], services: list[str]
) -> None:
    """Make the databases of these services, migrated."""
    await prepare_databases(postgres.admin_url, passwords)
    for service in services:
        role = f"owner_{service}"
        url = postgres.url(user=role, password=passwords[role], database=service)
        await asyncio.to_thread(run_migrations, service, url=url)
